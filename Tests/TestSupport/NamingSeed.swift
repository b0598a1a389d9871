// SPDX-License-Identifier: MIT
import Testing

/// Every failure of the test says with which seed it is met again.
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
  /// Every failure of the test says with which seed it is met again.
  public static var namingSeed: Self { NamingSeed() }
}
