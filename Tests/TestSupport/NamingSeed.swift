import Testing

extension Trait where Self == IssueHandlingTrait {
  /// Every failure of the test says with which seed it is met again.
  public static var namingSeed: Self {
    .compactMapIssues { issue in
      var issue = issue
      issue.comments.append("with \(SplitMix.seedName)=\(SplitMix.baseSeed)")
      return issue
    }
  }
}
