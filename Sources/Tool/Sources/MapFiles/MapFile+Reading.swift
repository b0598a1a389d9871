// SPDX-License-Identifier: MIT
import Firmware
import PhysicalMemory

extension MapFile {
  /// Reads a file in any of the forms.
  ///
  /// The form of a text is recognised by its first line that belongs to one of them; from then on
  /// every line must be of that form, save where a form says that other lines are ignored.
  ///
  /// - Parameters:
  ///   - bytes: The content of the file.
  ///   - name: The file's name, for messages.
  ///   - form: The form, where it is known; it must be given for Multiboot 1 information.
  ///   - start: For a dump of memory, the address of its first byte.
  ///   - information: For a dump of memory, the address of the loader's information; nil if the
  ///     dump begins with it.
  /// - Throws: An error that says where the file cannot be read.
  public init(
    reading bytes: [UInt8], name: String, form: MapFileForm? = nil,
    start: PhysicalAddress = PhysicalAddress(0), information: PhysicalAddress? = nil
  ) throws(MapFileError) {
    if form?.isBinary ?? bytes.contains(0) {
      let memory = FileMemory(bytes: bytes, start: start)
      let information = information ?? start
      guard let form = form ?? MapFileForm(recognizing: information, in: memory) else {
        if let error = MapFileError(foreignText: bytes, file: name) { throw error }
        throw MapFileError(
          file: name,
          "neither text nor Multiboot 2, PVH or Linux boot information or a device tree in binary; "
            + "Multiboot 1 information has no mark of its own and needs --form multiboot1")
      }
      self.init(form: form)
      do throws(BootBlockError) {
        try readBootBlock(at: information, in: memory)
      } catch {
        throw MapFileError(file: name, error.message)
      }
      return
    }
    if let error = MapFileError(foreignText: bytes, file: name) { throw error }
    let lines = SourceLines(of: bytes)
    guard let form = form ?? Self.textForm(of: lines) else {
      throw MapFileError(
        file: name, line: 1,
        "no memory map: no line is of a form that bootmem map --help lists")
    }
    self.init(form: form)
    do throws(LineError) {
      try read(lines)
    } catch {
      throw MapFileError(file: name, line: error.line, error.message)
    }
    guard !entries.isEmpty || !nodes.isEmpty else {
      throw MapFileError(file: name, line: 1, "no memory map in this \(form.title)")
    }
  }

  /// Reads a directory that is a copy of `/sys/firmware/memmap`.
  ///
  /// - Parameters:
  ///   - files: The content of the files `NUMBER/start`, `NUMBER/end` and `NUMBER/type` in it.
  ///   - name: The directory's name, for messages.
  /// - Throws: An error with the name of the file that cannot be read.
  public init(
    readingMemmap files: [(path: String, bytes: [UInt8])], name: String
  ) throws(MapFileError) {
    self.init(form: .memmap)
    guard !files.isEmpty else {
      throw MapFileError(file: name, "this directory is not a copy of /sys/firmware/memmap")
    }
    do throws(LineError) {
      // A line for each file.
      try readFirmwareMemmap(
        files.enumerated().lazy.map { index, file in
          let text = SourceLines(of: file.bytes).first { _ in true }?.text ?? ""
          return SourceLine(number: index + 1, text: "\(file.path):\(text)")
        })
    } catch {
      throw MapFileError(file: "\(name)/\(files[error.line - 1].path)", error.message)
    }
  }

  private mutating func read(_ lines: SourceLines) throws(LineError) {
    switch form {
    case .table: try readTable(lines)
    case .nodes: try readNodes(lines)
    case .dmesg: try readKernelLog(lines)
    case .memmap: try readFirmwareMemmap(lines)
    case .iomem: try readIOMemory(lines)
    case .kernel: try readDemonstration(lines)
    case .efiShell: try readEFIShell(lines)
    case .lsmmap: try readGRUB(lines)
    case .xen: try readXenLog(lines)
    case .bdinfo: try readBoardInformation(lines)
    case .coreboot: try readCoreboot(lines)
    case .smap: try readSMAP(lines)
    // The remaining forms are dumps of memory, which have no lines.
    default: break
    }
  }

  /// The form of the first line that belongs to one; nil if none does.
  private static func textForm(of lines: SourceLines) -> MapFileForm? {
    for line in lines {
      if line.isOfXenLog { return .xen }
      if line.isOfKernelLog { return .dmesg }
      if line.isOfEFIShell { return .efiShell }
      if line.isOfGRUB { return .lsmmap }
      if line.isOfBoardInformation { return .bdinfo }
      if line.isOfCoreboot { return .coreboot }
      if line.isOfSMAP { return .smap }
      if line.text == demonstrationHeading { return .kernel }
      if line.memmapPart != nil { return .memmap }
      if line.ioMemory != nil { return .iomem }
      let words = line.words
      if words.count >= 2, words[0].isHexadecimal, words[1].isHexadecimal {
        return words.count == 5 ? .nodes : .table
      }
    }
    return nil
  }
}

extension Substring {
  /// Whether the text is hexadecimal digits and nothing else, apart from a leading `0x`.
  fileprivate var isHexadecimal: Bool {
    let digits = hasPrefix("0x") ? dropFirst(2) : self
    return !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isHexDigit }
  }
}
