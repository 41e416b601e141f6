import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ConfigFile } from "../../src/config/config-file.js";
import { type ProjectPlace, readProjectConfig, UntrustedConfigError } from "../../src/config/project-config.js";
import { readProjectSettings } from "../../src/config/project-settings.js";
import { type Settings, settingsWith, type TraceFlags } from "../../src/config/settings.js";
import { resolveDestinations } from "../../src/deliver/destinations/resolve-destinations.js";
import { ConfigurationError } from "../../src/errors/configuration-error.js";

async function folderWith(config: object): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "settings-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "looptrace.config.json"), JSON.stringify(config));
  return folder;
}

/** One that trusts the files of this test: what it takes to be trusted is tested elsewhere. */
function placeIn(directory: string, variables: ProjectPlace["environment"] = {}): ProjectPlace {
  const environment = { LOOPTRACE_TRUST: "*", LOOPTRACE_HOME: join(directory, "store"), ...variables };
  return { directory, environment };
}

function settingsIn(place: ProjectPlace, flags: TraceFlags = {}): Settings {
  return settingsWith(readProjectConfig(place), flags, place.environment);
}

const FILE = {
  traceName: "file",
  userId: "file",
  tags: ["file"],
  environment: "file",
  release: "file",
  metadata: { from: "file", kept: { deep: [1] } },
  textLimit: 2000,
  fileLimitMb: 0.5,
  langfuse: { publicKey: "pk-file", secretKey: "sk-file", baseUrl: "http://127.0.0.1:1" },
  otlp: { tracesEndpoint: "http://127.0.0.1:2/v1/traces", headers: { "x-key": "file" } },
} satisfies ConfigFile;

test("the file alone", async () => {
  const { trace, destinations } = settingsIn(placeIn(await folderWith(FILE)));
  expect(trace).toEqual({
    traceName: "file",
    userId: "file",
    tags: ["file"],
    environment: "file",
    release: "file",
    metadata: FILE.metadata,
    textLimit: 2000,
    fileLimitBytes: 500_000,
    resourceAttributes: {},
  });
  expect(destinations).toMatchObject({ langfuse: FILE.langfuse, otlp: FILE.otlp });
});

test("the environment before the file, the flags before both; tags add up, metadata key by key", async () => {
  const cwd = await folderWith(FILE);
  const env = {
    LANGFUSE_USER_ID: "env",
    LANGFUSE_RELEASE: "env",
    LANGFUSE_TRACING_ENVIRONMENT: "env",
    OTEL_SERVICE_NAME: "service",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other,team=a%20b,broken",
    TRACEPARENT: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
  };
  expect(settingsIn(placeIn(cwd, env)).trace).toMatchObject({
    userId: "env",
    release: "env",
    environment: "env",
    serviceName: "service",
    resourceAttributes: { "service.name": "other", team: "a b" },
    parent: { traceId: "a".repeat(32), spanId: "b".repeat(16) },
  });
  const flags = {
    traceName: "flag",
    user: "flag",
    tag: ["flag"],
    environment: "flag",
    release: "flag",
    metadata: ["from=flag=x", "new="],
  };
  expect(settingsIn(placeIn(cwd, env), flags).trace).toMatchObject({
    traceName: "flag",
    userId: "flag",
    tags: ["file", "flag"],
    environment: "flag",
    release: "flag",
    metadata: { from: "flag=x", new: "", kept: { deep: [1] } },
  });
});

test("each setting of a destination gives way to its variable; the file's headers go to the file's endpoint only", async () => {
  const cwd = await folderWith(FILE);
  const env = { LANGFUSE_BASE_URL: "http://127.0.0.1:3", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4" };
  const { langfuse, otlp } = settingsIn(placeIn(cwd, env)).destinations;
  expect(langfuse).toEqual({ publicKey: "pk-file", secretKey: "sk-file" });
  expect(otlp).toEqual({});
  // How spans look belongs to no address.
  const shaped = await folderWith({ otlp: { shape: "langfuse" } });
  expect(settingsIn(placeIn(shaped, env)).destinations.otlp).toEqual({ shape: "langfuse" });
  expect(settingsIn(placeIn(shaped, { ...env, LOOPTRACE_OTLP_SHAPE: "genai" })).destinations.otlp).toEqual({});
});

test("the nearest file of the project counts, and its relative path is relative to it", async () => {
  const folder = await folderWith({ model: "p/upper", opencode: "bin/opencode", timeout: "2m" });
  await mkdir(join(folder, ".git"));
  await mkdir(join(folder, "a", "b"), { recursive: true });
  expect(readProjectConfig(placeIn(join(folder, "a", "b")))).toEqual({
    model: "p/upper",
    opencode: join(folder, "bin/opencode"),
    timeout: 120_000,
  });
  await writeFile(join(folder, "a", "looptrace.config.json"), '{"model":"p/lower"}');
  expect(readProjectConfig(placeIn(join(folder, "a", "b")))).toEqual({ model: "p/lower" });
});

test("a TRACEPARENT that is none starts a trace of its own", async () => {
  const place = placeIn(await folderWith({}), { TRACEPARENT: "nonsense" });
  expect(settingsIn(place).trace).toEqual({ resourceAttributes: {} });
});

test.each([
  ['{"modle":"x"}', 'there is no setting "modle"; did you mean "model"?'],
  ['{"colour":"x"}', 'there is no setting "colour"; known are $schema, opencode, driver, model'],
  [
    '{"langfuse":{"key":"x"}}',
    'there is no setting "langfuse.key"; known in langfuse are publicKey, secretKey, baseUrl',
  ],
  ['{"model":3}', "model must be a text in quotes"],
  ['{"model":""}', "model is empty"],
  ['{"timeout":5}', 'timeout must be a duration such as "10m"'],
  ['{"retries":1.5}', "retries must be a whole number"],
  ['{"maxCost":0}', "maxCost must be more than 0"],
  ['{"haltOnDoomLoop":"yes"}', "haltOnDoomLoop must be true, false or a number of 2 or more"],
  ['{"tags":"x"}', "tags must be a list in [ ]"],
  ['{"environment":"Prod"}', "environment must be 1 to 40 of a-z"],
  ['{"otlp":{"headers":{"x":1}}}', "otlp.headers.x must be a text in quotes"],
  ['{"check":{"maxcost":1}}', 'there is no setting "check.maxcost"; did you mean "check.maxCost"?'],
  ['{"check":{"cost":1}}', 'there is no setting "check.cost"; known in check are maxCost, maxTokens,'],
  ['{"check":{"maxCost":"1"}}', "check.maxCost must be a number"],
  ['{"check":{"maxDuration":"soon"}}', 'check.maxDuration must be a duration such as "10m"'],
  ['{"check":{"maxTool":"p90=5s"}}', "check.maxTool must be a list in [ ]"],
  ['{"check":{"maxTool":["p90"]}}', "check.maxTool.0 must be [tool:]stat=duration, such as p90=5s"],
  ['{"driver":"servr"}', "driver must be auto, cli or server"],
  ['{"maxSteps":"3"}', "maxSteps must be a whole number"],
  ['{"modle":"x","colour":"y"}', 'did you mean "model"?\n  there is no setting "colour"; known are'],
  ["[]", "the file must be an object in { }"],
  ["{,", "is not valid JSON"],
])("a file with %s is refused, and the message says why", async (content, reason) => {
  const folder = await folderWith({});
  const path = join(folder, "looptrace.config.json");
  await writeFile(path, content);
  expect(() => readProjectConfig(placeIn(folder))).toThrow(ConfigurationError);
  expect(() => readProjectConfig(placeIn(folder))).toThrow(path);
  expect(() => readProjectConfig(placeIn(folder))).toThrow(reason);
});

test("a file that begins with a byte order mark is read", async () => {
  const folder = await folderWith({});
  await writeFile(join(folder, "looptrace.config.json"), '\uFEFF{"model":"p/m"}');
  expect(readProjectConfig(placeIn(folder))).toEqual({ model: "p/m" });
});

test("a program gets what the commands use: of the environment first, then of the file", async () => {
  const directory = await folderWith({ ...FILE, model: "p/m", timeout: "2m", mask: ["acme-\\d+"], outboxLimitMb: 3 });
  const settings = readProjectSettings(placeIn(directory, { LANGFUSE_USER_ID: "env" }));
  expect(settings.agent).toMatchObject({ model: "p/m", timeoutMs: 120_000 });
  expect(settings.trace).toMatchObject({ traceName: "file", userId: "env" });
  expect(resolveDestinations(settings.destinations).map(({ kind }) => kind)).toEqual(["langfuse", "otlp"]);
  expect(settings.masking).toMatchObject({ patterns: [/acme-\d+/], secrets: expect.arrayContaining(["sk-file"]) });
  expect(settings.outboxLimitBytes).toBe(3_000_000);
});

test("the variable's opencode comes before the file's", async () => {
  const directory = await folderWith({ opencode: "bin/opencode" });
  const named = { LOOPTRACE_OPENCODE: "/elsewhere/opencode" };
  expect(readProjectSettings(placeIn(directory)).agent.opencode).toBe(join(directory, "bin/opencode"));
  expect(readProjectSettings(placeIn(directory, named)).agent.opencode).toBeUndefined();
});

test("a file that a stranger may have written decides nothing of a program's", async () => {
  const directory = await folderWith(FILE);
  expect(() => readProjectSettings(placeIn(directory, { LOOPTRACE_TRUST: undefined }))).toThrow(UntrustedConfigError);
});
