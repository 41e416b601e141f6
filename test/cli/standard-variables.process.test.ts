import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { looptrace, startLooptrace } from "../support/cli.js";
import { PUBLIC_KEY, SECRET_KEY } from "../support/destinations.js";
import { loadFixture } from "../support/fixtures.js";
import { type ProxyBehaviour, startHttpProxy } from "../support/http-proxy.js";
import { type ReceiverBehaviour, startReceiver } from "../support/receiver.js";

const PASSWORD = "hush-hush-hush-hush";

let cwd: string;
let env: Record<string, string>;
beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), "variables-")));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  await writeFile(join(cwd, "session.json"), loadFixture("multistep@1.18.33").text);
  env = {
    PATH: process.env.PATH ?? "",
    HOME: cwd,
    LOOPTRACE_HOME: join(cwd, "store"),
    LOOPTRACE_OPENCODE: join(cwd, "none"),
  };
});

async function receive(behaviour: ReceiverBehaviour = {}) {
  const receiver = await startReceiver(behaviour);
  onTestFinished(() => receiver.close());
  return receiver;
}

async function proxied(behaviour: ProxyBehaviour = {}) {
  const proxy = await startHttpProxy(behaviour);
  onTestFinished(() => proxy.close());
  return proxy;
}

test("protobuf waits as JSON in the outbox while nobody is there, and arrives as protobuf", async () => {
  const receiver = await receive({ dialect: "otlp", always: { kind: "status", status: 404 } });
  const around = {
    cwd,
    env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" },
  };
  expect((await looptrace(["trace", "session.json"], around)).code).toBe(3);
  receiver.behave({ dialect: "otlp" });
  expect((await looptrace(["push"], around)).code).toBe(0);
  const [refused, taken] = receiver.requests;
  expect(taken?.body).toBe(refused?.body);
  expect([taken?.headers["content-type"], receiver.violations]).toEqual(["application/x-protobuf", []]);
  expect(receiver.spans().length).toBeGreaterThan(3);
});

test("through a proxy with a password: a process that ends by itself, and tells no password", async () => {
  const receiver = await receive({ project: { id: "p-1", name: "demo" } });
  const proxy = await proxied({ credentials: { user: "ada", password: PASSWORD } });
  const { ended } = startLooptrace(["trace", "session.json"], {
    cwd,
    env: {
      ...env,
      LANGFUSE_PUBLIC_KEY: PUBLIC_KEY,
      LANGFUSE_SECRET_KEY: SECRET_KEY,
      LANGFUSE_BASE_URL: `http://far.test:${receiver.port}/api/public/otel`,
      HTTP_PROXY: `http://ada:${PASSWORD}@${proxy.address}`,
    },
  });
  const { code, stdout, stderr } = await ended;
  expect([code, stderr]).toEqual([0, expect.stringContaining("far.test")]);
  expect(stdout + stderr).not.toContain(PASSWORD);
  expect(proxy.asked.map(({ status }) => status)).toEqual(proxy.asked.map(() => 200));
  expect([receiver.spans().length > 3, receiver.violations]).toEqual([true, []]);
});

test("a proxy that refuses the password: why, what to set, and the spans wait", async () => {
  const proxy = await proxied({ credentials: { user: "ada", password: "another" } });
  const around = {
    cwd,
    env: {
      ...env,
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://far.test",
      https_proxy: `http://ada:${PASSWORD}@${proxy.address}`,
    },
  };
  const { code, stdout, stderr } = await looptrace(["trace", "session.json"], around);
  expect([code, stderr]).toEqual([
    3,
    expect.stringContaining(`the proxy ${proxy.address} of https_proxy does not accept this user and password (407)`),
  ]);
  const { stdout: doctor } = await looptrace(["doctor", "--width", "400"], around);
  expect(doctor).toMatch(
    /FAILED +destination +OTLP at https:\/\/far\.test\/v1\/traces through the proxy .+ is not reached: .+\(407\)/,
  );
  expect(stdout + stderr + doctor).not.toContain(PASSWORD);
});

test.each([
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"],
  ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "thrift"],
  ["OTEL_EXPORTER_OTLP_CERTIFICATE", "/none/ca.pem"],
  ["OTEL_EXPORTER_OTLP_TIMEOUT", "soon"],
  ["OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"],
  ["OTEL_TRACES_EXPORTER", "zipkin"],
  ["ALL_PROXY", "socks5://far.test:1080"],
])("%s=%s ends with one line that names it, and doctor says the same", async (name, value) => {
  const around = { cwd, env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: "https://far.test", [name]: value } };
  const { code, stderr } = await looptrace(["trace", "session.json"], around);
  expect(code).toBe(2);
  expect(stderr).toMatch(new RegExp(`^looptrace: ${name}[^\\n]+\\n$`));
  const { stdout } = await looptrace(["doctor", "--width", "400"], around);
  expect(stdout).toMatch(new RegExp(`^FAILED +destination +${name}`, "m"));
});

test("what is switched off stays on this machine", async () => {
  const receiver = await receive({ dialect: "otlp" });
  const around = {
    cwd,
    env: { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SDK_DISABLED: "true" },
  };
  const traced = await looptrace(["trace", "session.json"], around);
  expect([traced.code, traced.stderr]).toEqual([
    0,
    "OTEL_SDK_DISABLED switches off what is configured, so nothing was sent; unset it to send traces. Of a file nothing is kept either: `looptrace show session.json` shows the trace.\n",
  ]);
  const pushed = await looptrace(["push"], around);
  expect([pushed.code, pushed.stdout]).toEqual([
    0,
    "The outbox is empty. OTEL_SDK_DISABLED switches off what is configured, so nothing would be sent; unset it to send traces.\n",
  ]);
  const watched = await looptrace(["push", "--watch"], around);
  expect([watched.code, watched.stderr]).toEqual([
    2,
    expect.stringContaining("OTEL_SDK_DISABLED switches off what is configured"),
  ]);
  const { stdout } = await looptrace(["doctor", "--width", "400"], around);
  expect(stdout).toContain("OTEL_SDK_DISABLED switches off what is configured");
  expect(receiver.requests).toEqual([]);
});
