import { OPENCODE_ADVICE } from "../errors/opencode-not-found-error.js";
import { generationOf, KNOWN_VERSIONS, versionSupport } from "../opencode/program.js";
import type { ConfigurationFacts, DoctorFacts, OpenCodeFacts } from "./facts.js";
import type { Finding } from "./finding.js";
import { withAdvice } from "./with-advice.js";

/** @param node its version and what package.json wants, which is always "this one or a later one" */
export function nodeFinding({ version, wanted }: Pick<DoctorFacts["node"], "version" | "wanted">): Finding {
  const check = "node";
  const least = wanted.replace(/^>=\s*/, "");
  if (isAtLeast(version, least))
    return { check, status: "ok", found: `Node.js ${version} (${least} or later is needed)`, advice: null };
  return {
    check,
    status: "failed",
    found: `Node.js ${version}, but looptrace needs ${least} or later`,
    advice: "Install a current Node.js, from https://nodejs.org or with your version manager.",
  };
}

/** Whether a version such as `20.19.43` is not before one such as `20.19`. */
export function isAtLeast(version: string, least: string): boolean {
  const have = numbersIn(version);
  const want = numbersIn(least);
  const [at, wanted] = want
    .map((number, index) => [index, number] as const)
    .find(([index, number]) => (have[index] ?? 0) !== number) ?? [0, 0];
  return (have[at] ?? 0) >= wanted;
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
  return {
    check: "opencode",
    status: "ok",
    found: `opencode ${version} at ${path} is there too, but not asked: ${whatWorks(version)}`,
    advice: `--opencode ${path} takes this one, and so does LOOPTRACE_OPENCODE: neither knows the sessions of the other.`,
  };
}

/** What can be done with a version, and how that is known. */
function whatWorks(version: string): string {
  if (generationOf(version) === 1) return "its sessions are run, read and followed";
  return "its sessions are read; looptrace goes by the source of 2.0.26 and was tried with 2.0.0-0720, a preview of July";
}

/** Which versions looptrace knows: see `opencode-version.ts`. */
function openCodeFinding(facts: OpenCodeFacts): Finding {
  const check = "opencode";
  if (facts.kind === "missing") {
    return {
      check,
      status: "failed",
      found: [facts.problem, facts.looked.join("; ")].filter(Boolean).join(" "),
      advice: OPENCODE_ADVICE,
    };
  }
  const { path, from, version, problem } = facts;
  if (version === null) {
    return {
      check,
      status: "failed",
      found: problem ?? `${path} --version prints no version`,
      advice: `Run \`${path} --version\` by hand. ${OPENCODE_ADVICE}`,
    };
  }
  const found = `opencode ${version} at ${path} (${from})`;
  const support = versionSupport(version);
  switch (support) {
    case "known":
      if (facts.passedOver.length > 0) {
        return {
          check,
          status: "warning",
          found: `${found}, and not ${facts.passedOver.join("; ")}`,
          advice: "Remove what you do not know.",
        };
      }
      return { check, status: "ok", found: `${found}: ${whatWorks(version)}`, advice: null };
    case "newer":
      return {
        check,
        status: "warning",
        found: `${found}, which looptrace was not tried with`,
        advice: `It knows ${KNOWN_VERSIONS}. It goes on with this one, but look at the traces with care; a later looptrace may know it.`,
      };
    case "older":
      return {
        check,
        status: "failed",
        found: `${found}, which is too old`,
        advice: `looptrace knows ${KNOWN_VERSIONS}. Update it with \`npm install -g @opencode/cli@latest\` (or opencode-ai@latest for 1.x), or with \`opencode upgrade\`.`,
      };
    default:
      return support satisfies never;
  }
}

/** opencode's grep and glob run ripgrep; where it finds none, it downloads one with the first search. */
export function ripgrepFinding(path: string | undefined): Finding {
  const check = "ripgrep";
  if (path !== undefined) return { check, status: "ok", found: `rg at ${path}`, advice: null };
  return {
    check,
    status: "warning",
    found: "there is no rg on the PATH",
    advice:
      "opencode downloads one when an agent first searches, so without a network its grep and glob fail. Install ripgrep (https://github.com/BurntSushi/ripgrep).",
  };
}

export function configurationFindings({ path, directory, problems, ignored }: ConfigurationFacts): readonly Finding[] {
  const check = "configuration";
  const further: readonly Finding[] =
    ignored === undefined
      ? []
      : [
          {
            check,
            status: "warning",
            found: `${ignored.path} is not read: ${ignored.why}`,
            advice: ignored.advice,
          },
        ];
  if (problems.length > 0) {
    const found = problems.map(
      ({ text, isTrust }): Finding => ({
        check,
        status: "failed",
        ...(isTrust
          ? withAdvice(text)
          : { found: text, advice: "Mend it: until then the commands that need it end with exit code 2." }),
      }),
    );
    return [...found, ...further];
  }
  const found =
    path === undefined
      ? `no looptrace.config.json in ${directory} or above in its project: flags, environment and defaults count`
      : `${path} is valid`;
  return [{ check, status: "ok", found, advice: null }, ...further];
}
