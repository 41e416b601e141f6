/** How what secretlint's rules find begins, so far as it is not left to rules of our own. */

/** The words themselves, in the letters in which they stand. */
export const KNOWN_WORDS: readonly string[] = [
  ...["A3T", "AKIA", "AGPA", "AIDA", "AROA", "AIPA", "ANPA", "ANVA", "ASIA"],
  ...["SECRET", "secret", "Secret"],
  ...["npm_", "xoxb-", "xoxp-", "xapp-", "xoxa-", "xoxo-", "xoxr-", "hooks.slack.com/services"],
  ...["sk-", "lin_api_", "SG.", "shppa_", "shpca_", "shpat_", "shpss_"],
  ...["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "ops_ey"],
  ...["vcp_", "vci_", "vca_", "vcr_", "vck_", "hvs.", "hvb.", "hvr."],
  ...["dapi", "dckr_pat_", "figd_", "glsa_", "glc_", "gsk_", "hf_", "ntn_"],
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
    "glpat-[A-Za-z0-9_-]{20}",
    "ops_ey[A-Za-z0-9+/=]{100}",
    "vc[piark]_[A-Za-z0-9]{20}",
    "hv(?:[sr]\\.[A-Za-z0-9_-]{90}|b\\.[A-Za-z0-9_-]{138})",
    "dapi[A-Fa-f0-9]{32}",
    "dckr_pat_[A-Za-z0-9_-]{27}",
    "figd_[A-Za-z0-9_-]{40}",
    "glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}",
    "glc_[A-Za-z0-9+/]{32}",
    "gsk_[A-Za-z0-9]{52}",
    "hf_[A-Za-z]{34}",
    "ntn_[0-9]{11}[A-Za-z0-9]{35}",
    "[sS][eE][cC][rR][eE][tT][lL][iI][nN][tT]-(?:[dD][iI][sS]|[eE][nN])[aA][bB][lL][eE]",
  ].join("|"),
  "y",
);
