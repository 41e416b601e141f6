import type { ConfigFile } from "../../config/config-file.js";
import { destinationOptions } from "../../config/destination-options.js";
import { maskingOf } from "../../config/masking.js";
import { findProjectConfig, readProjectConfig, UntrustedConfigError } from "../../config/project-config.js";
import { settingsWith } from "../../config/settings.js";
import { probeDestination } from "../../deliver/destinations/probe-destination.js";
import { surveyDestinations } from "../../deliver/destinations/resolve-destinations.js";
import { inspectStore, type StoreFacts } from "../../deliver/queue/inspect-store.js";
import { areMixedUp } from "../../doctor/environment-findings.js";
import type { ConfigurationFacts } from "../../doctor/facts.js";
import { findingsOf } from "../../doctor/findings.js";
import { openCodeFacts } from "../../doctor/opencode-facts.js";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { type StorePaths, storePaths } from "../../files/store-paths.js";
import { storeProblem } from "../../files/trusted-store.js";
import { quickMask } from "../../masking/mask.js";
import { findRipgrep, wirePlugin } from "../../opencode/program.js";
import { surveyServers, tooMuchConfiguration } from "../../opencode/server.js";
import { findingsVerdict, paintFindings } from "../../terminal/paint-findings.js";
import { terminalJson } from "../../text/terminal-json.js";
import { LOOPTRACE_VERSION, NODE_WANTED } from "../../version.js";
import { colorsFor } from "../colors.js";
import { openCodePath, placeOf } from "../command-context.js";
import { EXIT, type ExitCode } from "../exit-codes.js";
import { whilePatient } from "../patient-line.js";
import type { Terminal } from "../terminal.js";

export interface DoctorFlags {
  readonly opencode?: string;
  readonly json?: boolean;
  readonly width?: number;
}

/** `looptrace doctor`: whether all is there that looptrace needs, and what to do where it is not. */
export async function doctor(flags: DoctorFlags, terminal: Terminal): Promise<ExitCode> {
  const { env, cwd } = terminal;
  const { file, path, problems, ignored } = readConfiguration(terminal);
  const options = destinationOptions(file, env);
  const { destinations, problems: destinationProblems, switchedOff } = surveyDestinations(options);
  const paths = storePaths(env);
  const outboxLimitBytes = file.outboxLimitMb === undefined ? undefined : file.outboxLimitMb * 1e6;
  const looking = Promise.all([
    openCodeFacts({
      explicit: openCodePath(flags.opencode, file, terminal),
      directory: cwd,
      environment: env,
    }),
    Promise.all(destinations.map((destination) => probeDestination(destination))),
    storeFacts(paths, outboxLimitBytes, env),
    wirePlugin(env),
    surveyServers(paths.root),
  ]);
  const [opencode, probes, store, plugin, servers] = await whilePatient(terminal, LOOKING, looking);
  const found = findingsOf({
    looptrace: LOOPTRACE_VERSION,
    node: { version: process.versions.node, wanted: NODE_WANTED },
    opencode,
    ripgrep: findRipgrep(env),
    configuration: { path, directory: cwd, problems, ignored },
    destinations: probes,
    destinationProblems: destinationProblems.map(({ message }) => message),
    switchedOff,
    mixedUpKeys: areMixedUp(
      options.langfuse?.publicKey ?? env.LANGFUSE_PUBLIC_KEY,
      options.langfuse?.secretKey ?? env.LANGFUSE_SECRET_KEY,
    ),
    store,
    wirePlugin: plugin,
    servers,
    tooMuchConfiguration: tooMuchConfiguration({
      ...{ environment: env, directory: cwd, projectConfig: file.projectConfig ?? false },
    }),
    environment: env,
  });
  // A program or a server that was asked may have repeated what it was given.
  const secrets = [
    file.langfuse?.secretKey ?? "",
    ...Object.values(file.otlp?.headers ?? {}),
    ...destinations.flatMap((destination) => destination.secrets),
  ];
  const findings = quickMask({ environment: env, secrets })(found);
  const passed = findings.every(({ status }) => status !== "failed");
  if (flags.json) {
    terminal.out(`${terminalJson({ passed, findings })}\n`);
  } else {
    const paint = { width: flags.width ?? terminal.width, colors: colorsFor(terminal, terminal.outIsTty) };
    terminal.out(`${paintFindings(findings, paint)}\n\n${findingsVerdict(findings)}\n`);
  }
  return passed ? EXIT.ok : EXIT.unfit;
}

const LOOKING = "asking opencode for its version, and the destinations";

/** Another user's opencode is not tried. */
async function storeFacts(
  paths: StorePaths,
  outboxLimitBytes: number | undefined,
  env: Terminal["env"],
): Promise<StoreFacts> {
  const foreign = storeProblem(paths.root, env);
  const facts = await inspectStore(paths, outboxLimitBytes, foreign === undefined);
  return foreign === undefined ? facts : { ...facts, foreign: foreign.message };
}

interface Configuration {
  /** Empty where there is none, or none that can be used. */
  readonly file: ConfigFile;
  readonly path: string | undefined;
  readonly problems: ConfigurationFacts["problems"];
  readonly ignored: ConfigurationFacts["ignored"];
}

/** What is wrong with the settings is a finding here: it must not hide what else is wrong. */
function readConfiguration(terminal: Terminal): Configuration {
  const problems: ConfigurationFacts["problems"][number][] = [];
  const orProblem = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push({ text: error.message, isTrust: error instanceof UntrustedConfigError });
      return undefined;
    }
  };
  const place = placeOf(terminal);
  const places = orProblem(() => findProjectConfig(place));
  const file = orProblem(() => readProjectConfig({ ...place, onNote: undefined })) ?? {};
  orProblem(() => settingsWith(file, {}, terminal.env));
  orProblem(() => maskingOf({}, file, terminal.env));
  return { file, path: places?.path, problems, ignored: places?.ignored };
}
