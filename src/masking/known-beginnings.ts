/** How what secretlint's rules find begins, so far as it is not left to rules of our own. */

/** The words themselves, in the letters in which they stand. */
export const KNOWN_WORDS: readonly string[] = [
  ...["A3T", "AKIA", "AGPA", "AIDA", "AROA", "AIPA", "ANPA", "ANVA", "ASIA"],
  ...["SECRET", "secret", "Secret"],
  ...["npm_", "xoxb-", "xoxp-", "xapp-", "xoxa-", "xoxo-", "xoxr-", "hooks.slack.com/services"],
  ...["sk-", "lin_api_", "SG.", "shppa_", "shpca_", "shpat_", "shpss_"],
  ...["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "ops_ey"],
  // Where a comment for the rules is taken out a token can come of it that began nowhere before.
  "secretlint-",
];

/** The same with what makes them more than a word: nothing that a rule finds begins otherwise. */
export const KNOWN_BEGINNING = new RegExp(
  [
    "(?:A3T[A-Z0-9]|AKIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ASIA)[A-Z0-9]{16}",
    "(?:SECRET|secret|Secret)_?(?:ACCESS|access|Access)_?(?:KEY|key|Key)",
    "npm_[A-Za-z0-9_]{36}",
    "(?:xox[bpaor]|xapp)-[a-zA-Z0-9]",
    "[hH][oO][oO][kK][sS]\\.[sS][lL][aA][cC][kK]\\.[cC][oO][mM]/[sS][eE][rR][vV][iI][cC][eE][sS]/",
    "sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{58}|[a-zA-Z0-9]{20}T3BlbkFJ|ant-api0\\d-[A-Za-z0-9_-]{90})",
    "lin_api_[a-zA-Z0-9_]{32}",
    "SG\\.\\w{1,128}\\.\\w",
    "shp(?:pa|ca|at|ss)_[a-zA-Z0-9]{32}",
    "gh[pousr]_[A-Za-z0-9_]{36}",
    "github_pat_[A-Za-z0-9_]{82}",
    "ops_ey[A-Za-z0-9+/=]{100}",
    "[sS][eE][cC][rR][eE][tT][lL][iI][nN][tT]-(?:[dD][iI][sS]|[eE][nN])[aA][bB][lL][eE]",
  ].join("|"),
  "y",
);
