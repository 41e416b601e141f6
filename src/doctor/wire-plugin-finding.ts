import type { WirePlugin } from "../opencode/program.js";
import { type Finding, ok, warning } from "./finding.js";

/** Whether requests to models are recorded also where looptrace did not start opencode. */
export function wirePluginFinding({ state, config, folder, recordings, content }: WirePlugin): Finding {
  const check = "wire";
  switch (state) {
    case "installed":
      return ok(check, `the plugin is in ${config} and records below ${recordings}: ${whatIsRecorded(content)}`);
    case "absent":
      return ok(
        check,
        "looptrace records what run, batch and worker send to models; a TUI's requests are not recorded, since the plugin is not installed",
      );
    case "gone":
      return warning(
        check,
        `${config} names the plugin, but its files in ${folder} are gone`,
        "`looptrace wire install` puts them back, `looptrace wire uninstall` takes it out.",
      );
    case "unnamed":
      return warning(
        check,
        `the plugin's files are in ${folder}, but ${config} does not name it: it records nothing`,
        "`looptrace wire install` names it, or says what to add yourself; `looptrace wire uninstall` removes the files.",
      );
  }
}

function whatIsRecorded(content: boolean | null): string {
  return content === false ? "sizes, hashes and times only" : "what is said, read and called, not masked";
}
