import { OPENCODE_ADVICE } from "../errors/opencode-not-found-error.js";
import { generationOf, KNOWN_VERSIONS, versionSupport } from "../opencode/program.js";
import type { ConfigurationFacts, DoctorFacts, OpenCodeFacts } from "./facts.js";
import { type Finding, failed, failedWith, ok, warning } from "./finding.js";

/** @param node its version and what package.json wants, which is always "this one or a later one" */
export function nodeFinding({ version, wanted }: Pick<DoctorFacts["node"], "version" | "wanted">): Finding {
  const least = wanted.replace(/^>=\s*/, "");
  if (isAtLeast(version, least)) return ok("node", `Node.js ${version} (${least} or later is needed)`);
  return failed(
    "node",
    `Node.js ${version}, but looptrace needs ${least} or later`,
    "Install a current Node.js, from https://nodejs.org or with your version manager.",
  );
}

/** Whether a version such as `20.19.43` is not before one such as `20.19`. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [numbersIn(version), numbersIn(least)];
  const at = want.findIndex((number, index) => (have[index] ?? 0) !== number);
  return at < 0 || (have[at] ?? 0) > (want[at] ?? 0);
}

function numbersIn(version: string): readonly number[] {
  return (/^v?([\d.]+)/.exec(version)?.[1] ?? "").split(".").map(Number);
}

/** The opencode that is taken, and on a machine with both generations the other one. */
export function openCodeFindings(facts: OpenCodeFacts): readonly Finding[] {
  const other = facts.kind === "found" ? facts.other : undefined;
  return [openCodeFinding(facts), ...(other === undefined ? [] : [otherFinding(other)])];
}

function otherFinding({ path, version }: { readonly path: string; readonly version: string }): Finding {
  return ok(
    "opencode",
    `opencode ${version} at ${path} is there too, but not asked: ${whatWorks(version)}`,
    `--opencode ${path} takes this one, and so does LOOPTRACE_OPENCODE: neither knows the sessions of the other.`,
  );
}

/** What can be done with a version, and how that is known. */
function whatWorks(version: string): string {
  if (generationOf(version) === 1) return "its sessions are run, read and followed";
  return "its sessions are run, read and watched; looptrace goes by the source of 2.0.26 and was tried with 2.0.0-0720, a preview of July";
}

/** Which versions looptrace knows: see `opencode-version.ts`. */
function openCodeFinding(facts: OpenCodeFacts): Finding {
  const check = "opencode";
  if (facts.kind === "missing") return failed(check, lookedText(facts), OPENCODE_ADVICE);
  const { path, from, version, problem, passedOver } = facts;
  if (version === null) {
    const found = problem ?? `${path} --version prints no version`;
    return failed(check, found, `Run \`${path} --version\` by hand. ${OPENCODE_ADVICE}`);
  }
  const found = `opencode ${version} at ${path} (${from})`;
  const support = versionSupport(version);
  switch (support) {
    case "known":
      if (passedOver.length > 0)
        return warning(check, `${found}, and not ${passedOver.join("; ")}`, "Remove what you do not know.");
      return ok(check, `${found}: ${whatWorks(version)}`);
    case "newer":
      return warning(
        check,
        `${found}, which looptrace was not tried with`,
        `It knows ${KNOWN_VERSIONS}. It goes on with this one, but look at the traces with care; a later looptrace may know it.`,
      );
    case "older":
      return failed(
        check,
        `${found}, which is too old`,
        `looptrace knows ${KNOWN_VERSIONS}. Update it with \`npm install -g @opencode/cli@latest\` (or opencode-ai@latest for 1.x), or with \`opencode upgrade\`.`,
      );
    default:
      return support satisfies never;
  }
}

/** opencode's grep and glob run ripgrep; where it finds none, it downloads one with the first search. */
export function ripgrepFinding(path: string | undefined): Finding {
  if (path !== undefined) return ok("ripgrep", `rg at ${path}`);
  return warning(
    "ripgrep",
    "there is no rg on the PATH",
    "opencode downloads one when an agent first searches, so without a network its grep and glob fail. Install ripgrep (https://github.com/BurntSushi/ripgrep).",
  );
}

/** @param text what is wrong, each thing on a line of its own; of several lines the last one says what to do */
function unusable(check: string, text: string): Finding {
  const end = text.lastIndexOf("\n");
  const [said, advice] = end < 0 ? [text, "Mend it."] : [text.slice(0, end), text.slice(end + 1)];
  const [what = "", ...problems] = said.split("\n").map((line) => line.trim());
  // What is found is told as one line.
  const found = problems.length > 0 ? `${what} ${problems.join("; ")}` : what;
  return failed(check, found, `${advice} Until then the commands that need it end with exit code 2.`);
}

export function configurationFindings({ path, directory, problems, ignored }: ConfigurationFacts): readonly Finding[] {
  const check = "configuration";
  const further = ignored ? [warning(check, `${ignored.path} is not read: ${ignored.why}`, ignored.advice)] : [];
  if (problems.length > 0) {
    const found = problems.map(({ text, isTrust }) => (isTrust ? failedWith(check, text) : unusable(check, text)));
    return [...found, ...further];
  }
  const found =
    path === undefined
      ? `no looptrace.config.json in ${directory} or above in its project: flags, environment and defaults count`
      : `${path} is valid`;
  return [ok(check, found), ...further];
}

/** What is wrong, and where an opencode was looked for. */
function lookedText({ problem, looked }: { readonly problem: string; readonly looked: readonly string[] }): string {
  if (looked.length === 0) return problem;
  return `${problem}${problem.endsWith(".") ? " Looked at:" : ""} ${looked.join("; ")}`;
}
