// SPDX-License-Identifier: MIT
import TextOutput

/// Collects what is printed.
public typealias PrintedText = StringSink
