import { expect, test } from "vitest";
import { childEnvironment } from "../../../src/opencode/program/child-environment.js";

const own = { runId: "run-1", temporary: "/tmp/of-the-run" };

test("keys and opencode's own settings stay, OTLP exporters go", () => {
  const environment = childEnvironment(
    {
      ANTHROPIC_API_KEY: "key",
      OPENCODE_CONFIG: "/etc/opencode.json",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=b",
      OTEL_SERVICE_NAME: "mine",
      TMPDIR: "/tmp/mine",
      UNSET: undefined,
    },
    own,
  );
  expect(environment).toEqual({
    ANTHROPIC_API_KEY: "key",
    OPENCODE_CONFIG: "/etc/opencode.json",
    OTEL_SERVICE_NAME: "mine",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    LOOPTRACE_RUN_ID: "run-1",
    TMPDIR: "/tmp/mine",
    BUN_TMPDIR: "/tmp/of-the-run",
  });
});

test("a run inside a run is known by both ids", () => {
  expect(childEnvironment({ LOOPTRACE_RUN_ID: "outer" }, own).LOOPTRACE_RUN_ID).toBe("outer,run-1");
});

test("the project's configuration is read only when asked for", () => {
  const base = { OPENCODE_DISABLE_PROJECT_CONFIG: "1" };
  expect(childEnvironment({}, { ...own, projectConfig: false }).OPENCODE_DISABLE_PROJECT_CONFIG).toBe("1");
  expect(childEnvironment(base, { ...own, projectConfig: true })).not.toHaveProperty("OPENCODE_DISABLE_PROJECT_CONFIG");
  expect(childEnvironment(base, own).OPENCODE_DISABLE_PROJECT_CONFIG).toBe("1");
});

test("under the name of opencode 2 as well, whatever the caller's environment says there", () => {
  const name = "OPENCODE_CONFIG_PROJECT_DISABLE";
  expect(childEnvironment({ [name]: "0" }, { ...own, projectConfig: false })[name]).toBe("1");
  expect(childEnvironment({ [name]: "1" }, { ...own, projectConfig: true })).not.toHaveProperty(name);
  expect(childEnvironment({ [name]: "1" }, own)[name]).toBe("1");
});

test("directory, configuration, and quiet commands", () => {
  const environment = childEnvironment(
    { PWD: "/elsewhere", OPENCODE_CONFIG_CONTENT: "{}", OPENCODE_DISABLE_AUTOUPDATE: "0" },
    { ...own, directory: "/project", configContent: '{"a":1}', quiet: true },
  );
  expect(environment).toMatchObject({
    PWD: "/project",
    OPENCODE_CONFIG_CONTENT: '{"a":1}',
    OPENCODE_DISABLE_AUTOUPDATE: "0",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
  });
});
