/**
 * The rooms of `src`, from the ground up. A room imports what stands above it in this list, never what stands below;
 * inside a room, files import each other without a cycle. `npm run check` fails where that is not so.
 *
 * @type {readonly (readonly [room: string, what: string])[]}
 */
export const ROOMS = [
  ["version", "looptrace's own version"],
  ["text", "plain text, JSON, numbers with units, columns and CSV"],
  ["errors", "error classes and the classifier: what an answer, an exit or a message of opencode's means"],
  ["trust", "who owns a file or a folder, and whether that is to be believed"],
  ["files", "the store's paths, private files, locks, and the clock that tests replace"],
  ["masking", "secrets in text"],
  ["opencode", "opencode's exports, logs and events as data; its programs and servers as drivers"],
  ["trace", "an export to a LoopTrace: steps, calls, tools, timing, cost. Pure"],
  ["otel", "a LoopTrace to OTLP spans. Pure"],
  ["deliver", "spans to destinations: a queue on disk, receipts, sending"],
  ["export", "LoopTraces to destinations"],
  ["sessions", "loading sessions, recording them, the store of those that were recorded"],
  ["follow", "sessions of a running opencode: attach, watch, live traces"],
  ["agent", "running a prompt: attempts, retries, limits, structured output"],
  ["analysis", "what is read off a LoopTrace: check, diff, tools, tokens, gaps. Pure"],
  ["doctor", "what of this machine keeps looptrace from its work"],
  ["terminal", "trees and tables as lines of a terminal"],
  ["web", "the pages of a report and of the list, their data, and the server behind `view`"],
  ["batch", "many tasks on one machine"],
  ["fleet", "many tasks on many machines, through Redis"],
  ["index", "the library"],
  ["cli", "the command line"],
];

const pathOf = (room) => `^src/${room}(/|\\.ts$)`;

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    ...ROOMS.map(([room], at) => ({
      name: `${room}-imports-upward`,
      severity: "error",
      from: { path: pathOf(room) },
      to: { path: "^src/", pathNot: ROOMS.slice(0, at + 1).map(([lower]) => pathOf(lower)) },
    })),
    {
      name: "opencode-by-its-face",
      comment:
        "Other rooms import opencode's files by purpose: session, evidence, drive, program, commands, server",
      severity: "error",
      from: { path: "^src/", pathNot: pathOf("opencode") },
      to: { path: "^src/opencode/.+/" },
    },
    {
      name: "a-room-for-every-file",
      severity: "error",
      from: { path: "^src/.+\\.tsx?$", pathNot: ROOMS.map(([room]) => pathOf(room)) },
      to: {},
    },
  ],
  options: {
    includeOnly: "^src/",
    // dependency-cruiser's parser for TypeScript 7 reads no JSX. What the pages import needs no Node.js: their tsconfig.json sees to that.
    exclude: "\\.tsx$",
    parser: "swc",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
