import type { WirePlugin } from "../opencode/program.js";
import { type Finding, ok, warning } from "./finding.js";

/** Whether requests to models are recorded also where looptrace did not start opencode. */
export function wirePluginFinding({ state, config, folder, recordings }: WirePlugin): Finding {
  const check = "wire";
  switch (state) {
    case "installed":
      return ok(check, `the plugin is in ${config} and records below ${recordings}`);
    case "absent":
      return ok(
        check,
        "the plugin is not installed: requests to models are recorded of opencodes that looptrace starts",
      );
    case "gone":
      return warning(
        check,
        `${config} names the plugin, but its files in ${folder} are gone`,
        "`looptrace wire install` puts them back, `looptrace wire uninstall` takes it out.",
      );
  }
}
