import type { Destination } from "../deliver/destinations/destination.js";
import type { DestinationProbe } from "../deliver/destinations/probe-destination.js";
import { addressOf, refusedKeysAdvice } from "../deliver/destinations/refused-keys.js";
import type { SendResult } from "../deliver/http/send-result.js";
import { oneLine } from "../text/terminal-text.js";
import type { DoctorFacts } from "./facts.js";
import { type Finding, failedWith, ok, warning } from "./finding.js";
import { withAdvice } from "./with-advice.js";

const CHECK = "destination";

const HOW_TO_CONFIGURE =
  "To send them, set LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY (and LANGFUSE_BASE_URL), or OTEL_EXPORTER_OTLP_ENDPOINT.";

/** Where traces go, and whether they would be taken there; to keep them on this machine is no failure. */
export function destinationFindings(
  facts: Pick<DoctorFacts, "destinations" | "destinationProblems" | "switchedOff" | "configuration">,
): readonly Finding[] {
  const { destinations, destinationProblems, switchedOff, configuration } = facts;
  const problems = destinationProblems.map((problem) => failedWith(CHECK, problem));
  const off = switchedOff.map((name) =>
    warning(
      CHECK,
      `${name} switches off what is configured: traces stay on this machine`,
      `Unset ${name} to send them.`,
    ),
  );
  const found = [...problems, ...off, ...destinations.map(destinationFinding)];
  if (found.length > 0) return found;
  const known = configuration.problems.length > 0 ? ", as far as it can be read" : "";
  return [ok(CHECK, `none is configured${known}: traces stay on this machine`, HOW_TO_CONFIGURE)];
}

function destinationFinding(probe: DestinationProbe): Finding {
  const { answer, settings } = probe;
  const through = probe.proxy === undefined ? "" : ` through the proxy ${probe.proxy.shown}`;
  const place = `${probe.kind === "langfuse" ? "Langfuse" : "OTLP"} at ${addressOf(probe)}`;
  const key = probe.keyStart === undefined ? "" : ` (${probe.keyStart}…)`;
  const finding: Make = (status, what, advice) => {
    const found = `${place}${key}${through} ${what}; set by ${settingsText(settings, probe.proxy)}`;
    return { check: CHECK, status, found, advice };
  };
  switch (answer.kind) {
    case "acknowledged":
    case "partial":
    case "itemised":
      return takenFinding(probe, finding);
    case "unauthorised":
      return finding(
        "failed",
        `refuses the ${settings.credentials.kind === "keys" ? "keys" : "request"}: ${answer.message}`,
        `${refusedKeysAdvice(probe, answer.status)}.`,
      );
    case "rejected":
      return finding(
        "warning",
        `answers, but takes no empty request: ${answer.message}`,
        "It may take traces all the same: `looptrace trace --last` shows it.",
      );
    case "throttled":
      return finding(
        "warning",
        `is there, but busy: ${answer.message}`,
        "Traces wait in the outbox until it takes them; `looptrace push` sends them.",
      );
    case "blocked": {
      const { found: why, advice } = withAdvice(answer.message);
      return finding("failed", `is not reached: ${why}`, advice ?? "Ask who runs the proxy to let it through.");
    }
    case "misdirected": {
      const [, why = answer.message, own] = OWN_ADVICE.exec(answer.message) ?? [];
      const advice = addressAdvice(settings);
      const whole = own?.startsWith("Redirects") ? `${own} ${advice}` : advice;
      return finding("failed", `is no place for traces: ${why}`, whole);
    }
    case "unavailable":
      return unavailableFinding(probe, answer, finding);
    default:
      return answer satisfies never;
  }
}

type Make = (status: Finding["status"], what: string, advice: string | null) => Finding;

function takenFinding({ kind, project }: DestinationProbe, finding: Make): Finding {
  if (kind !== "langfuse") return finding("ok", "takes traces", null);
  switch (project.kind) {
    case "named": {
      const { name, tracesUrl } = project.project;
      const which = name === undefined ? tracesUrl : `"${oneLine(name)}"`;
      return finding("ok", `takes traces for the project ${which}`, null);
    }
    case "refused":
      return finding(
        "warning",
        `takes traces, but does not let the keys ask for their project (${project.status})`,
        "looptrace cannot print links to its traces then. Check that the keys are a project's, not an organisation's.",
      );
    case "unknown":
      return finding("ok", "takes traces; which project the keys are of it does not say", null);
    default:
      return project satisfies never;
  }
}

function addressAdvice({ address }: Destination["settings"]): string {
  if (address === undefined) return "Set LANGFUSE_BASE_URL to the address of your Langfuse.";
  return `Check ${address}: the whole address without a page's path, as the browser shows it for a Langfuse.`;
}

/** A reason and what the message itself advises; to check the address the finding says better, with the setting's name. */
const OWN_ADVICE =
  /^(.*?)\.+(?: (Check the address\.|Check that \S+ is the address for traces\.|Redirects are not followed, .*))?$/;

const WAITING = "Until then traces wait in the outbox, and `looptrace push` sends them.";

function unavailableFinding(
  { label, url, settings, proxy }: DestinationProbe,
  { message, answered }: Extract<SendResult, { kind: "unavailable" }>,
  finding: Make,
): Finding {
  if (answered?.by === "server") {
    const begin = `${label} answered `;
    const what = message.startsWith(begin) ? message.slice(begin.length) : `${answered.status}: ${message}`;
    return finding("failed", `answers ${what}`, `The server has trouble; ask who runs it. ${WAITING}`);
  }
  // Whatever a network failure says is looptrace's own text, so its second sentence is advice.
  const { found, advice } = withAdvice(message);
  const what = `cannot be reached: ${found.replace(/\.$/, "")}`;
  if (advice !== null) return finding("failed", what, `${advice} ${WAITING}`);
  const check = proxy === undefined ? serverAdvice(settings) : proxyAdvice(proxy, url, answered);
  return finding("failed", what, `${check} ${WAITING}`);
}

function serverAdvice({ address }: Destination["settings"]): string {
  return address === undefined
    ? "Check the network; for a Langfuse of your own or in another region, set LANGFUSE_BASE_URL."
    : `Check ${address} and that the server runs.`;
}

function proxyAdvice(
  { setting }: NonNullable<DestinationProbe["proxy"]>,
  url: string,
  answered: Extract<SendResult, { kind: "unavailable" }>["answered"],
): string {
  const { hostname } = new URL(url);
  const except = `or except ${hostname} by NO_PROXY.`;
  return answered === undefined
    ? `Check ${setting} and that the proxy runs, ${except}`
    : `Ask who runs the proxy why it does not reach ${hostname}, ${except}`;
}

/** From where a destination's settings are: only the environment's variables are written in capitals. */
function settingsText({ address, credentials }: Destination["settings"], proxy: DestinationProbe["proxy"]): string {
  const names = credentials.kind === "keys" ? [credentials.publicKey, credentials.secretKey] : credentials.names;
  const all = [...new Set([...(address === undefined ? [] : [address]), ...names])];
  const own = all.filter((name) => /^[A-Z]/.test(name));
  const variables = [...own, ...(proxy === undefined ? [] : [proxy.setting])];
  const settings = all.filter((name) => !/^[A-Z]/.test(name));
  const parts = [
    variables.length > 0 ? `${variables.join(", ")} (environment)` : "",
    settings.length > 0 ? `${settings.join(", ")} (looptrace.config.json)` : "",
  ];
  return parts.filter(Boolean).join(" and ");
}
