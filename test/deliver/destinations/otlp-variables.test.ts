import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { deliver } from "../../../src/deliver/deliver.js";
import { resolveDestinations, surveyDestinations } from "../../../src/deliver/destinations/resolve-destinations.js";
import { ConfigurationError } from "../../../src/errors/configuration-error.js";
import { type Certified, createAuthority } from "../../support/certificates.js";
import { otlpRequest } from "../../support/otlp-requests.js";
import { startReceiver } from "../../support/receiver.js";
import { temporaryStore } from "../../support/temporary-store.js";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a.test" };
const KEYS = { LANGFUSE_PUBLIC_KEY: "pk-lf-abcdefghij", LANGFUSE_SECRET_KEY: "sk-lf-secret" };

const one = (env: Record<string, string>) => resolveDestinations({ env: { ...ENDPOINT, ...env } })[0];

function refusal(env: Record<string, string>): ConfigurationError {
  try {
    one(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
  }
  throw new Error("it was not refused");
}

test("the protocol, for traces before the general one", () => {
  expect(one({})?.protocol).toBe("http/json");
  expect(one({ OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" })?.protocol).toBe("http/protobuf");
  const both = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json" };
  expect(one(both)?.protocol).toBe("http/json");
  for (const value of ["grpc", "http", "HTTP/JSON"]) {
    expect(refusal({ OTEL_EXPORTER_OTLP_PROTOCOL: value }).message).toContain(
      "Set OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf",
    );
  }
});

test.each([
  ["TIMEOUT", "5000", { timeoutMs: 5000 }],
  ["TRACES_TIMEOUT", "1", { timeoutMs: 1 }],
  ["COMPRESSION", "none", { compression: "none" }],
  ["TRACES_COMPRESSION", "gzip", { compression: "gzip" }],
])("%s=%s", (name, value, expected) => {
  expect(one({ [`OTEL_EXPORTER_OTLP_${name}`]: value })).toMatchObject(expected);
});

test.each([
  ["TIMEOUT", "0"],
  ["TIMEOUT", "10s"],
  ["TRACES_TIMEOUT", "-1"],
  ["TIMEOUT", "99999999999"],
  ["COMPRESSION", "zstd"],
])("%s=%s is refused", (name, value) => {
  const error = refusal({ [`OTEL_EXPORTER_OTLP_${name}`]: value });
  expect(error.setting).toBe(`OTEL_EXPORTER_OTLP_${name}`);
  expect(error.message).toContain(JSON.stringify(value));
});

test("a timeout is kept, and time enough is taken for it", async () => {
  const receiver = await startReceiver({ dialect: "otlp", always: { kind: "hang" } });
  onTestFinished(() => receiver.close());
  const destination = one({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT: "60000" });
  if (destination === undefined) throw new Error("no destination");
  const asked: number[] = [];
  await deliver([otlpRequest(1)], [destination], {
    paths: await temporaryStore(),
    send: async (_, __, { timeoutMs = 0 }) => {
      asked.push(timeoutMs);
      return { kind: "acknowledged" };
    },
    clock: { now: () => 0, sleep: async () => undefined, random: () => 0 },
  });
  expect(asked).toEqual([60_000]);
});

describe("switched off", () => {
  test("all of it, by the SDK's own variable", () => {
    const env = { ...ENDPOINT, ...KEYS, OTEL_SDK_DISABLED: "TRUE" };
    expect(surveyDestinations({ env })).toEqual({
      destinations: [],
      problems: [],
      switchedOff: ["OTEL_SDK_DISABLED"],
    });
    expect(resolveDestinations({ env: { ...env, OTEL_SDK_DISABLED: "1" } })).toHaveLength(2);
  });

  test("one of the two, by its own", () => {
    const kinds = (env: Record<string, string>) =>
      resolveDestinations({ env: { ...ENDPOINT, ...KEYS, ...env } }).map(({ kind }) => kind);
    expect(kinds({ OTEL_TRACES_EXPORTER: "none" })).toEqual(["langfuse"]);
    expect(kinds({ OTEL_TRACES_EXPORTER: "console, otlp" })).toEqual(["langfuse", "otlp"]);
    expect(kinds({ LANGFUSE_TRACING_ENABLED: "false" })).toEqual(["otlp"]);
  });

  test("another exporter is refused where there is an endpoint, and no matter where there is none", () => {
    expect(refusal({ OTEL_TRACES_EXPORTER: "console" }).message).toContain("exports over OTLP only");
    expect(
      resolveDestinations({ env: { OTEL_TRACES_EXPORTER: "console", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" } }),
    ).toEqual([]);
  });
});

test.each([
  ["10", 10_000],
  ["0.5", 500],
])("LANGFUSE_TIMEOUT=%s is in seconds", (value, ms) => {
  expect(resolveDestinations({ env: { ...KEYS, LANGFUSE_TIMEOUT: value } })[0]?.timeoutMs).toBe(ms);
  expect(() => resolveDestinations({ env: { ...KEYS, LANGFUSE_TIMEOUT: "soon" } })).toThrow("takes seconds");
});

describe("certificates that cannot be used", () => {
  let mine: Certified;
  let other: Certified;
  beforeAll(async () => {
    const authority = await createAuthority("Authority of these tests");
    [mine, other] = [await authority.certify(), await authority.certify()];
  });

  async function named(contents: Record<string, string>): Promise<Record<string, string>> {
    const folder = await mkdtemp(join(tmpdir(), "pem-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, "folder"));
    for (const [name, content] of Object.entries(contents)) await writeFile(join(folder, name), content);
    return Object.fromEntries(Object.keys(contents).map((name) => [`OTEL_EXPORTER_OTLP_${name}`, join(folder, name)]));
  }

  test("a file that is not there, and a folder", () => {
    expect(refusal({ OTEL_EXPORTER_OTLP_CERTIFICATE: "/none/ca.pem" }).message).toMatch(
      /^OTEL_EXPORTER_OTLP_CERTIFICATE: the file "\/none\/ca.pem" cannot be read: ENOENT[^\n]+$/,
    );
    expect(refusal({ OTEL_EXPORTER_OTLP_CERTIFICATE: tmpdir() }).message).toContain("it is no file");
  });

  test.each<[string, Record<string, string>, string]>([
    ["no PEM", { CERTIFICATE: "hush" }, "holds no certificate in PEM"],
    [
      "a broken certificate",
      { CERTIFICATE: "-----BEGIN CERTIFICATE-----\naHVzaA==\n-----END CERTIFICATE-----\n" },
      "holds a certificate that cannot be read, number 1 of 1",
    ],
  ])("%s", async (_, contents, says) => {
    const { message } = refusal(await named(contents));
    expect(message).toContain(says);
    expect(message).not.toContain("hush");
  });

  test("half a pair, and two that do not belong together", async () => {
    expect(refusal(await named({ CLIENT_CERTIFICATE: mine.cert })).message).toBe(
      "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE is set, but there is no OTEL_EXPORTER_OTLP_CLIENT_KEY: a client needs both.",
    );
    expect(refusal(await named({ CLIENT_KEY: mine.key })).message).toContain(
      "there is no OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    );
    const pair = await named({ CLIENT_CERTIFICATE: mine.cert, CLIENT_KEY: other.key });
    expect(refusal(pair).message).toContain("is not the key of the certificate");
  });

  test("a key that is none, and one that is encrypted", async () => {
    const encrypted = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "made up" },
    }).privateKey;
    for (const [key, says] of [
      [mine.cert, "holds no private key in PEM"],
      [encrypted, "is encrypted"],
      ["-----BEGIN PRIVATE KEY-----\naHVzaA==\n-----END PRIVATE KEY-----", "cannot be read"],
    ] as const) {
      expect(refusal(await named({ CLIENT_CERTIFICATE: mine.cert, CLIENT_KEY: key })).message).toContain(says);
    }
  });
});
