import { parseArgs } from "node:util";

/** What can be measured alone, and what that is. */
export const PARTS = {
  computing: "export to trace, and trace to OTLP",
  masking: "finding and masking secrets",
  delivery: "a delivery to this machine",
  starts: "starts of the command line, and `show`",
  memory: "peak memory of tracing and encoding",
  tracing: "`trace` of large sessions",
  growth: "how the time grows with ten times more",
  sessions: "sessions of the real opencode",
  warm: "runs on a server that is there already",
  following: "`attach` and `watch` beside busy sessions",
  recordings: "what recorded requests cost",
  catalog: "the index of many kept sessions",
  large: "one very large session",
  many: "`trace --all` of many sessions",
} as const;

export type Part = keyof typeof PARTS;

export interface BenchOptions {
  readonly quick: boolean;
  /** A history to add to, or `-` for standard output. */
  readonly json: string | undefined;
  readonly parts: readonly Part[];
  /** How many sessions `many` has; undefined where the plan says it. */
  readonly sessions: number | undefined;
}

const names = Object.keys(PARTS).filter(isPart);

export const BENCH_HELP = `npm run bench -- [options]

Builds looptrace, and measures what it costs as ratios to the bare operations below it.

  --only <part>      measures one part alone
  --quick            shows that the benchmark works; its figures say little
  --json <file>      adds the ratios to a history; - prints all figures to standard output
  --sessions <n>     how many sessions the part "many" has
  --help             prints this, and builds nothing

Parts:
${names.map((name) => `  ${name.padEnd(18)} ${PARTS[name]}`).join("\n")}
`;

/**
 * @returns `help` where that is asked for
 * @throws an error that says what is wrong with the arguments
 */
export function benchOptions(argv: readonly string[]): BenchOptions | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      only: { type: "string" },
      sessions: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const { quick, json, only, sessions } = values;
  if (only !== undefined && !isPart(only)) throw new Error(`--only takes one of ${names.join(", ")}`);
  if (sessions !== undefined && !/^[1-9]\d*$/.test(sessions))
    throw new Error("--sessions takes a whole number from 1 on");
  if (sessions !== undefined && only !== undefined && only !== "many")
    throw new Error(`--sessions says how many "many" has, and ${only} has none: leave one of them out`);
  if (quick && json !== undefined && json !== "-")
    throw new Error("A quick run's figures say little: they are not kept.");
  const parts = only === undefined ? names : [only];
  return { quick, json, parts, sessions: sessions === undefined ? undefined : Number(sessions) };
}

function isPart(name: string): name is Part {
  return Object.hasOwn(PARTS, name);
}
