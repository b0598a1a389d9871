// SPDX-License-Identifier: MIT
#if !hasFeature(Embedded)
/// On a host there is no kernel to run: the sources of this target belong to the bare machine.
@main
struct Hosted {
  static func main() {
    print("The kernel runs on a bare machine: scripts/run builds it and boots it under QEMU.")
  }
}
#endif
