// SPDX-License-Identifier: MIT

/// An HTML page that is one file: a picture, and no external resources.
enum HTMLPage {
  /// The page.
  ///
  /// - Parameters:
  ///   - title: What the picture shows.
  ///   - caption: A sentence or two on it.
  ///   - svg: The picture.
  static func document(title: String, caption: String, svg: String) -> String {
    let title = SVGWriter.escaped(title)
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8"/>
      <title>\(title)</title>
      <style>body { font-family: sans-serif; margin: 1em } svg { max-width: 100%; height: auto }</style>
      </head>
      <body>
      <h1>\(title)</h1>
      <p>\(SVGWriter.escaped(caption))</p>
      \(svg)</body>
      </html>

      """
  }
}
