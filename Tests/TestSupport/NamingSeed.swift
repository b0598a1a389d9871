// SPDX-License-Identifier: MIT
import Testing

/// Makes every failure of the test name the seed that reproduces it.
public struct NamingSeed: TestTrait, TestScoping {
  private static let appending = IssueHandlingTrait.compactMapIssues { issue in
    var issue = issue
    issue.comments.append("with \(SplitMix.seedName)=\(SplitMix.baseSeed)")
    return issue
  }

  /// Runs the test, and adds the seed to whatever it records.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await Self.appending.provideScope(for: test, testCase: testCase) {
      // An error that leaves the test would become an issue outside of the scope.
      do {
        try await function()
      } catch {
        Issue.record(error)
      }
    }
  }
}

extension Trait where Self == NamingSeed {
  /// Makes every failure of the test name the seed that reproduces it.
  public static var namingSeed: Self { NamingSeed() }
}
