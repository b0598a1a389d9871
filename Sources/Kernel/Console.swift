#if hasFeature(Embedded)
import TextOutput

/// Where the kernel writes: the serial port and, where there is one, the text screen.
struct Console: TextSink {
  private var serialPort = SerialPort()
  var screen: VGAText

  /// - Parameter videoMode: the video mode that the BIOS data area states.
  init(videoMode: UInt8, attribute: VGAText.Attribute = .normal) {
    screen = VGAText(mode: videoMode, attribute: attribute)
  }

  mutating func write(byte: UInt8) {
    serialPort.write(byte: byte)
    screen.write(byte: byte)
  }
}
#endif
