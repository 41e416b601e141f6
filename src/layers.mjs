/**
 * The rooms of `src`, the ground first; CONTRIBUTING.md says what each is for. A room imports from those before it in
 * this list, never from a later one; inside a room, files import each other without a cycle. `npm run check` fails
 * where that is not so.
 *
 * @type {readonly string[]}
 */
export const ROOMS = [
  "version",
  "text",
  "errors",
  "trust",
  "files",
  "git",
  "masking",
  "wire",
  "opencode",
  "trace",
  "otel",
  "trajectory",
  "deliver",
  "scores",
  "export",
  "opentelemetry",
  "langfuse",
  "sessions",
  "follow",
  "agent",
  "analysis",
  "config",
  "catalog",
  "doctor",
  "terminal",
  "web",
  "batch",
  "fleet",
  "experiment",
  "index",
  "cli",
  "build",
];

const pathOf = (room) => `^src/${room}(/|\\.ts$)`;

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    ...ROOMS.map((room, at) => ({
      name: `${room}-imports-a-later-room`,
      severity: "error",
      from: { path: pathOf(room) },
      to: { path: "^src/", pathNot: ROOMS.slice(0, at + 1).map(pathOf) },
    })),
    {
      name: "opencode-by-its-face",
      comment:
        "Other rooms import opencode's files by purpose: opencode/session.ts, model.ts, evidence.ts, drive.ts, program.ts, commands.ts, server.ts",
      severity: "error",
      from: { path: "^src/", pathNot: pathOf("opencode") },
      to: { path: "^src/opencode/.+/" },
    },
    {
      name: "trace-reads-the-model",
      comment: "What an export of one generation looks like is known to its reader, opencode/v1",
      severity: "error",
      from: { path: "^src/trace/", pathNot: "^src/trace/trace-session\\.ts$" },
      to: { path: "^src/opencode/", pathNot: "^src/opencode/(model|evidence)\\.ts$" },
    },
    {
      name: "the-model-is-of-no-generation",
      severity: "error",
      from: { path: "^src/opencode/model/" },
      to: { path: "^src/opencode/v\\d+/" },
    },
    {
      name: "a-room-for-every-file",
      severity: "error",
      from: { path: "^src/.+\\.tsx?$", pathNot: ROOMS.map(pathOf) },
      to: {},
    },
  ],
  options: {
    skipAnalysisNotInRules: true,
    includeOnly: "^src/",
    // dependency-cruiser's parser for TypeScript 7 reads no JSX. What the pages import needs no Node.js: their tsconfig.json sees to that.
    exclude: "\\.tsx$",
    // Nothing changes meanwhile: on a slow machine the default of 4 s would have it look for the same files again.
    enhancedResolveOptions: { cachedInputFileSystem: { cacheDuration: 600_000 } },
    parser: "swc",
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
