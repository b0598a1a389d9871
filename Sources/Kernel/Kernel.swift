#if hasFeature(Embedded)
import Board
import TextOutput

/// The kernel's first function, called by `boot/` with what the loader left in registers.
///
/// The symbol is the one that the package manager demands of an executable of this name.
@c(Kernel_main)
func kernelMain(loaderMagic: UInt32, informationAddress: UInt32) -> Never {
  board_install_descriptors()
  var console = Console(videoMode: 3)
  console.write("swift-bootmem\n")
  Outcome.success.exit()
}
#endif
