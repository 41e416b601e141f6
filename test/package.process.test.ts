import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { pages, relativeTargetsOf } from "./docs/pages.js";
import { sharedPackage } from "./support/built-package.js";
import { TSC } from "./support/declarations.js";
import { patiently } from "./support/patience.js";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("..", import.meta.url));

const manifest = z.object({
  name: z.string(),
  version: z.string(),
  bin: z.record(z.string(), z.string()),
  /** npm links no page that is named by a text alone. */
  man: z.tuple([z.string()]),
  dependencies: z.record(z.string(), z.string()),
  peerDependencies: z.record(z.string(), z.string()),
  peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean() })),
});

/** A project that installed the package, made from the tarball that would be published. */
let project: string;
let folder: string;
let files: readonly string[];
let packageJson: z.output<typeof manifest>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "looptrace-package-"));
  packageJson = manifest.parse(JSON.parse(await readFile(join(repository, "package.json"), "utf8")));
  const { tarball, ...built } = await sharedPackage();
  files = built.files;
  project = join(folder, "project");
  await install(tarball, project);
}, patiently(180_000));

afterAll(() => rm(folder, { recursive: true, force: true }));

/**
 * What `npm install` does, without a network: the tarball's content goes into `node_modules`, beside it only what the
 * package says it depends on.
 */
async function install(tarball: string, target: string): Promise<void> {
  const modules = join(target, "node_modules");
  const own = join(modules, packageJson.name);
  await mkdir(own, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", own, "--strip-components=1"]);
  await link(Object.keys(packageJson.dependencies), modules);
  await writeFile(join(target, "package.json"), JSON.stringify({ type: "module", private: true }));
}

async function link(names: readonly string[], modules: string): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(repository, "node_modules", name), join(modules, name), "junction");
  }
}

function inProject(args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return run(process.execPath, args, { cwd: project });
}

test("the tarball holds the built package, the pages for its users, and nothing else", async () => {
  const others = files.filter((path) => !/^(?:dist\/.+\.(js|d\.ts)|docs\/[\w/-]+\.md)$/.test(path));
  expect(others.toSorted()).toEqual([
    ...["CHANGELOG.md", "LICENSE", "README.md"],
    ...["dist/cli/help.json", "dist/cli/package.json", "dist/cli/third-party-licences.txt"],
    "dist/looptrace.1",
    ...["dist/looptrace.config.schema.json", "dist/web/pages/list.css", "dist/web/pages/report.css"],
    "package.json",
  ]);
  expect(files).toContain("docs/running.md");
  const sources = await readdir(join(repository, "src"), { recursive: true });
  const own = files.filter((path) => /^dist\/(?!cli\/)/.test(path));
  // Programs come by the library's doors, opencode loads the tap, a browser the pages.
  expect(own.filter((path) => path.endsWith(".js")).toSorted()).toEqual([
    ...["dist/fleet/index.js", "dist/index.js", "dist/opentelemetry/index.js"],
    ...["dist/web/pages/list.js", "dist/web/pages/report.js"],
    ...["plugin", "propagate", "tap"].map((name) => `dist/wire/tap/${name}.js`),
  ]);
  const types = own.filter((path) => path.endsWith(".d.ts"));
  expect(types).toEqual(
    expect.arrayContaining(["dist/fleet/index.d.ts", "dist/index.d.ts", "dist/opentelemetry/index.d.ts"]),
  );
  const written = sources.filter((path) => /(?<!\.d)\.ts$/.test(path)).map((path) => `dist/${path.slice(0, -3)}.d.ts`);
  expect(types.filter((path) => !written.includes(path))).toEqual([]);
  // Of the rooms that no door leads to there is nothing.
  expect(types.filter((path) => /^dist\/(?:build|cli|catalog|doctor|terminal|trust)\//.test(path))).toEqual([]);
  const bundled = files.filter((path) => path.startsWith("dist/cli/"));
  const commands = await readdir(join(repository, "src/cli/commands"));
  expect(bundled).toEqual(
    expect.arrayContaining(
      ["main", ...commands.map((name) => `command-${basename(name, ".ts")}`)].map((name) => `dist/cli/${name}.js`),
    ),
  );
  expect(bundled.filter((path) => path.endsWith(".d.ts"))).toEqual([]);
});

test("a page links to what is not in the package by the repository's address", () => {
  // On npm README's relative links lead to the repository.
  const packed = pages.filter(({ path }) => files.includes(path) && path !== "README.md");
  expect(packed.length).toBeGreaterThan(20);
  const dead = packed.flatMap((page) =>
    relativeTargetsOf(page).flatMap((target) => (files.includes(target.path) ? [] : [`${page.path}: ${target.path}`])),
  );
  expect(dead).toEqual([]);
});

test("its manual page is where npm looks for it", () => {
  expect(files).toContain(packageJson.man[0].replace(/^\.\//, ""));
});

test("the licences of all that is bundled go along", async () => {
  const own = join(project, "node_modules", packageJson.name, "dist", "cli");
  const licences = await readFile(join(own, "third-party-licences.txt"), "utf8");
  const sections = licences.split(/^-{80}$/m).map((text) => text.trim());
  for (const name of ["commander", "zod", "undici", "@langfuse/core", "@opentelemetry/sdk-trace-base"])
    expect(sections).toContainEqual(
      expect.stringMatching(new RegExp(`^(?:looptrace contains .*\\n\\n)?${name} [\\d.]+ \\(`)),
    );
  for (const section of sections) expect(section).toMatch(/copyright|Apache License|without a text/i);
});

test.each([
  ["looptrace", () => import("../src/index.js")],
  ["looptrace/otel", () => import("../src/opentelemetry/index.js")],
])("%s exports what its source does, and needs no package for it", async (door, source) => {
  // Types are all that its dependencies are there for.
  const alone = join(folder, `alone-${basename(door)}`);
  await mkdir(join(alone, "node_modules"), { recursive: true });
  const installed = join(project, "node_modules", packageJson.name);
  await cp(installed, join(alone, "node_modules", packageJson.name), { recursive: true });
  const names = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(door)})).sort()))`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", names], { cwd: alone });
  expect(JSON.parse(stdout)).toEqual(Object.keys(await source()).toSorted());
});

test("the installed command says its version", async () => {
  const bin = join(project, "node_modules", packageJson.name, packageJson.bin.looptrace ?? "");
  expect(await readFile(bin, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(await inProject([bin, "--version"])).toEqual({ stdout: `${packageJson.version}\n`, stderr: "" });
});

test("the installed command shows a recorded session, and says nothing on stderr", async () => {
  const bin = join(project, "node_modules", packageJson.name, packageJson.bin.looptrace ?? "");
  const session = join(repository, "fixtures", "multistep@1.18.33", "session.json");
  const { stdout, stderr } = await inProject([bin, "show", session]);
  expect(stdout).toContain("llm-call-0");
  expect(stderr).toBe("");
});

/** Runs the installed command with a home of its own, where it may keep code. */
async function withKeptCode(home: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const bin = join(project, "node_modules", packageJson.name, packageJson.bin.looptrace ?? "");
  const own = { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(home, "cache"), ...env };
  const child = run(process.execPath, [bin, ...argv], { cwd: project, env: own, maxBuffer: 1e9 });
  const { stdout, stderr } = await child.catch((error: unknown) => failure.parse(error));
  return { stdout, stderr, code: child.child.exitCode };
}

const failure = z.object({ stdout: z.string(), stderr: z.string() });
const SESSION = join(repository, "fixtures", "multistep@1.18.33", "session.json");

async function keptFiles(home: string): Promise<readonly string[]> {
  const folder = join(home, "cache", "looptrace", "code");
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith(".code")).map((name) => join(folder, name));
}

test.each([
  ["show", SESSION],
  ["show", SESSION, "--json"],
  ["tokens", SESSION],
  ["tools", SESSION],
  ["advise", SESSION],
  ["check", SESSION, "--max-cost", "0"],
  ["diff", SESSION, SESSION],
  ["report", SESSION, "-o", "-"],
  ["ls"],
  ["stats", "--json"],
  ["push", "--status"],
  ["server"],
  ["trust"],
  ["completion", "bash"],
  ["show", "absent.json"],
  ["shwo"],
])("the installed command says the same by the code that it has kept: %s %s %s", async (...argv) => {
  const home = await mkdtemp(join(folder, "home-"));
  const compiled = await withKeptCode(home, argv, { NODE_DISABLE_COMPILE_CACHE: "1" });
  expect(await withKeptCode(home, argv)).toEqual(compiled);
  expect(await keptFiles(home)).toHaveLength(1);
  expect(await withKeptCode(home, argv)).toEqual(compiled);
});

test("the installed command runs no code that is damaged, and waits for none", async () => {
  const home = await mkdtemp(join(folder, "home-"));
  const first = await withKeptCode(home, ["show", SESSION]);
  const [file = ""] = await keptFiles(home);
  const { mtimeMs } = await stat(file);
  await withKeptCode(home, ["show", SESSION]);
  expect((await stat(file)).mtimeMs).toBe(mtimeMs);
  await writeFile(file, (await readFile(file)).fill(0, 5_000, 9_000));
  expect(await withKeptCode(home, ["show", SESSION])).toEqual(first);
  expect((await stat(file)).mtimeMs).toBeGreaterThan(mtimeMs);
  await rm(file);
  await run("mkfifo", ["-m", "600", file]);
  expect(await withKeptCode(home, ["show", SESSION])).toEqual(first);
});

test("commands that start at once keep one file whole", async () => {
  const home = await mkdtemp(join(folder, "home-"));
  const all = await Promise.all(Array.from({ length: 6 }, () => withKeptCode(home, ["show", SESSION])));
  expect(new Set(all.map(({ stdout }) => stdout)).size).toBe(1);
  const [file = "", ...more] = await keptFiles(home);
  expect([more, await readdir(dirname(file))]).toEqual([[], [basename(file)]]);
  const { mtimeMs } = await stat(file);
  expect(await withKeptCode(home, ["show", SESSION])).toEqual(all[0]);
  expect((await stat(file)).mtimeMs).toBe(mtimeMs);
});

test("the installed command writes a report with what the package brings", async () => {
  const bin = join(project, "node_modules", packageJson.name, packageJson.bin.looptrace ?? "");
  const session = join(repository, "fixtures", "multistep@1.18.33", "session.json");
  const { stdout, stderr } = await inProject([bin, "report", session, "-o", "-"]);
  expect(stdout).toMatch(/^<!doctype html>/);
  for (const licence of ["preact", "@tanstack/virtual-core", "uplot"]) expect(stdout).toContain(`${licence}\n`);
  expect(stdout.match(/MIT License/g)).toHaveLength(3);
  expect(stderr).toBe("");
});

describe("what is for several machines", () => {
  const MISSING = "A batch on several machines needs two more packages: npm install bullmq ioredis (with -g";

  test("is not installed unasked: its packages are peers, and optional", () => {
    expect(Object.keys(packageJson.peerDependencies)).toEqual(["bullmq", "ioredis"]);
    expect(Object.keys(packageJson.dependencies)).not.toEqual(expect.arrayContaining(["bullmq"]));
    expect(packageJson.peerDependenciesMeta).toEqual({
      bullmq: { optional: true },
      ioredis: { optional: true },
    });
  });

  test.each([
    ["worker", ["worker", "--redis", "redis://127.0.0.1:1"]],
    ["batch --redis", ["batch", "tasks.jsonl", "--redis", "redis://127.0.0.1:1"]],
  ])("without its packages %s says in one line what to install", async (_, argv) => {
    const bin = join(project, "node_modules", packageJson.name, packageJson.bin.looptrace ?? "");
    const failed = await inProject([bin, ...argv]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 2, stdout: "" });
    expect(failed).toHaveProperty(
      "stderr",
      expect.stringMatching(new RegExp(`^[^\\n]*${escaped(MISSING)}[^\\n]*\\n$`)),
    );
  });

  test("without its packages the library says so too, and the rest of it works", async () => {
    const source = `import * as rest from "looptrace";
      const error = await import("looptrace/fleet").catch((error) => error);
      console.log(JSON.stringify([error.message, error instanceof rest.ConfigurationError]))`;
    const { stdout } = await inProject(["--input-type=module", "-e", source]);
    expect(JSON.parse(stdout)).toEqual([expect.stringContaining(MISSING), true]);
  });

  test("is apart from the rest, and there once its packages are", async () => {
    await link(Object.keys(packageJson.peerDependencies), join(project, "node_modules"));
    const names = ["runFleetBatch", "runFleetWorker", "openRedis", "redisAddress"];
    const source = `import * as fleet from "looptrace/fleet"; import * as rest from "looptrace";
      console.log(JSON.stringify(${JSON.stringify(names)}.map((name) => [typeof fleet[name], typeof rest[name]])))`;
    const { stdout } = await inProject(["--input-type=module", "-e", source]);
    expect(JSON.parse(stdout)).toEqual(names.map(() => ["function", "undefined"]));
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const CONSUMER = `
import { readFileSync } from "node:fs";
import { assembleSessions, type LoopTrace, OpenCode, OpenCodeError, readExport, traceSession } from "looptrace";
import { OutboxSpanExporter, toReadableSpans } from "looptrace/otel";
import { z } from "zod";

const path = process.argv[2] ?? "";
const traces: readonly LoopTrace[] = assembleSessions([readExport(readFileSync(path, "utf8"), path)]).flatMap((tree) =>
  traceSession(tree),
);
const calls: number[] = traces.map(({ loop }) => loop.totals.calls);
// @ts-expect-error the package has types, and they are checked: a timeout is a number
const agent = new OpenCode({ timeoutMs: "soon" });
const spans = traces.flatMap((trace) => toReadableSpans(trace)).length;
const exporter = new OutboxSpanExporter({ destinations: [] });
// A schema of the program's own zod, which is not the bundle's.
const date = z.object({ at: z.date() });
const refused = await new OpenCode().promptFor("When?", date).catch((error: Error) => error.message);
const isClass = agent instanceof OpenCode && exporter instanceof OutboxSpanExporter;
console.log(JSON.stringify({ calls, spans: spans > 4, isClass, name: OpenCodeError.name, refused }));
`;

test.each([
  ["NodeNext", "NodeNext"],
  ["ESNext", "bundler"],
])("a program that uses the library compiles (module %s, resolution %s) and runs", async (module, resolution) => {
  const source = join(project, "consumer.ts");
  await writeFile(source, CONSUMER);
  const options = ["--strict", "--exactOptionalPropertyTypes", "--target", "ES2023", "--outDir", "out"];
  const typeRoots = join(repository, "node_modules", "@types");
  const resolved = ["--module", module, "--moduleResolution", resolution, "--types", "node"];
  await inProject([...TSC, ...options, ...resolved, "--typeRoots", typeRoots, source]).catch(
    (error: { stdout?: string }) => {
      throw new Error(error.stdout);
    },
  );
  const session = join(repository, "fixtures", "multistep@1.18.33", "session.json");
  const { stdout, stderr } = await inProject([join(project, "out", "consumer.js"), session]);
  expect(JSON.parse(stdout)).toEqual({
    ...{ calls: [4], spans: true, isClass: true, name: "OpenCodeError" },
    refused: expect.stringContaining("Date cannot be represented in JSON Schema"),
  });
  expect(stderr).toBe("");
});
