import type { WarmServerFacts, WarmSurvey } from "../opencode/server.js";
import { bytesText, duration, plural } from "../text/format.js";
import { type Finding, ok, warning } from "./finding.js";

/** About the opencode servers that runs have left for those after them. */
export function serverFindings(
  { servers, doubts }: WarmSurvey,
  tooMuchConfiguration: string | undefined,
): readonly Finding[] {
  const check = "servers";
  const lost = servers.filter(({ state }) => state === "lost");
  const others = servers.filter(({ state }) => state !== "lost");
  const found =
    others.length === 0
      ? "no opencode is left from a run"
      : `${plural(others.length, "opencode")} left from runs: ${others.map(serverText).join("; ")}`;
  return [
    ok(check, found),
    ...(tooMuchConfiguration === undefined
      ? []
      : [
          warning(
            check,
            `each run starts opencode anew: ${tooMuchConfiguration}`,
            "Move what opencode does not need out of that folder: so much is not looked through before each run.",
          ),
        ]),
    ...lost.map((server) =>
      warning(
        check,
        `${serverText(server)} has no process any more that would end it`,
        "`looptrace server stop --all` ends it; so does the next run that starts an opencode.",
      ),
    ),
    ...doubts.map(({ path, doubt }) =>
      warning(
        check,
        `${path} is not used: ${doubt}`,
        "No run uses an opencode from there. Look at who put it there, and remove it.",
      ),
    ),
  ];
}

function serverText({ version, memoryBytes, runs, idleMs, pid }: WarmServerFacts): string {
  const use = runs > 0 ? `at work for ${plural(runs, "run")}` : `unused for ${duration(idleMs ?? 0)}`;
  const memory = memoryBytes === null ? "" : `, ${bytesText(memoryBytes)}`;
  return `${version ?? "pid"}${version === null ? ` ${pid}` : ""} ${use}${memory}`;
}
