import { describe, expect, test } from "vitest";
import { refusedKeysAdvice } from "../../../src/deliver/destinations/refused-keys.js";
import {
  type DestinationOptions,
  resolveDestinations,
  surveyDestinations,
} from "../../../src/deliver/destinations/resolve-destinations.js";
import { ConfigurationError } from "../../../src/errors/configuration-error.js";
import { LOOPTRACE_VERSION } from "../../../src/version.js";

const KEYS = { LANGFUSE_PUBLIC_KEY: "pk-lf-abcdefghij", LANGFUSE_SECRET_KEY: "sk-lf-secret" };

function resolve(env: Readonly<Record<string, string>>, options: Partial<DestinationOptions> = {}) {
  return resolveDestinations({ env, ...options });
}

function failure(env: Readonly<Record<string, string>>): ConfigurationError {
  try {
    resolve(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
  }
  throw new Error("resolving did not fail with a ConfigurationError");
}

test("nothing set: no destination", () => {
  expect(resolve({})).toEqual([]);
  expect(resolve({ LANGFUSE_PUBLIC_KEY: "", LANGFUSE_SECRET_KEY: " " })).toEqual([]);
});

describe("Langfuse", () => {
  test("goes to Langfuse Cloud by default, with its headers", () => {
    const [destination, ...more] = resolve(KEYS);
    expect(more).toEqual([]);
    expect(destination).toMatchObject({
      kind: "langfuse",
      endpoint: "https://cloud.langfuse.com/api/public/otel/v1/traces",
      label: "cloud.langfuse.com (pk-lf-abcd…)",
      headers: {
        authorization: `Basic ${Buffer.from("pk-lf-abcdefghij:sk-lf-secret").toString("base64")}`,
        "x-langfuse-ingestion-version": "4",
        "x-langfuse-sdk-name": "looptrace",
        "x-langfuse-sdk-version": LOOPTRACE_VERSION,
        "x-langfuse-public-key": "pk-lf-abcdefghij",
      },
    });
  });

  test.each([
    ["http://127.0.0.1:3000", "http://127.0.0.1:3000/api/public/otel/v1/traces"],
    ["http://127.0.0.1:3000/", "http://127.0.0.1:3000/api/public/otel/v1/traces"],
    ["https://example.com/tools/langfuse//", "https://example.com/tools/langfuse/api/public/otel/v1/traces"],
    ["http://[::1]:3000", "http://[::1]:3000/api/public/otel/v1/traces"],
    ["  https://example.com  ", "https://example.com/api/public/otel/v1/traces"],
    ["https://example.com/api/public", "https://example.com/api/public/otel/v1/traces"],
    ["https://example.com/api/public/otel", "https://example.com/api/public/otel/v1/traces"],
    ["https://example.com/api/public/otel//", "https://example.com/api/public/otel/v1/traces"],
    ["https://example.com/api/public/otel/v1", "https://example.com/api/public/otel/v1/traces"],
    ["https://example.com/api/public/otel/v1/traces/", "https://example.com/api/public/otel/v1/traces"],
    ["https://example.com/lf/api/public/otel", "https://example.com/lf/api/public/otel/v1/traces"],
    ["https://example.com/api/publicity", "https://example.com/api/publicity/api/public/otel/v1/traces"],
  ])("base URL %s", (base, endpoint) => {
    expect(resolve({ ...KEYS, LANGFUSE_BASE_URL: base })[0]?.endpoint).toBe(endpoint);
  });

  test("older names of the base URL count, the newest first, options before all", () => {
    const old = { ...KEYS, LANGFUSE_HOST: "http://host.test" };
    expect(resolve(old)[0]?.endpoint).toContain("//host.test/");
    const newer = { ...old, LANGFUSE_BASEURL: "http://baseurl.test" };
    expect(resolve(newer)[0]?.endpoint).toContain("//baseurl.test/");
    const newest = { ...newer, LANGFUSE_BASE_URL: "http://base.test" };
    expect(resolve(newest)[0]?.endpoint).toContain("//base.test/");
    expect(resolve(newest, { langfuse: { baseUrl: "http://opt.test" } })[0]?.endpoint).toContain("//opt.test/");
  });

  test.each([
    [{ LANGFUSE_PUBLIC_KEY: "pk-lf-1" }, "LANGFUSE_SECRET_KEY"],
    [{ LANGFUSE_SECRET_KEY: "sk-lf-hush" }, "LANGFUSE_PUBLIC_KEY"],
    [{ LANGFUSE_BASE_URL: "http://base.test" }, "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY"],
    [{ LANGFUSE_PUBLIC_KEY: "pk-lf-1", LANGFUSE_SECRET_KEY: "" }, "LANGFUSE_SECRET_KEY"],
  ])("set by half (%o): names what is missing", (env, missing) => {
    const error = failure(env);
    expect(error.setting).toBe(missing);
    expect(error.message).toContain(`${missing} missing`);
    expect(error.message).not.toContain("hush");
  });

  test.each(["localhost:3000", "example.com", "ftp://example.com", "http://"])("%s is no base URL", (base) => {
    expect(failure({ ...KEYS, LANGFUSE_BASE_URL: base }).setting).toBe("LANGFUSE_BASE_URL");
  });

  test("a key that cannot be a header is refused without being shown", () => {
    const error = failure({ ...KEYS, LANGFUSE_SECRET_KEY: "sk-lf\nbroken" });
    expect(error.setting).toBe("LANGFUSE_SECRET_KEY");
    expect(error.message).not.toContain("broken");
  });
});

describe("OTLP", () => {
  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }, "http://127.0.0.1:4318/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318/base/" }, "http://127.0.0.1:4318/base/v1/traces"],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4318/as/is" }, "http://127.0.0.1:4318/as/is"],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a.test", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://b.test/t" },
      "http://b.test/t",
    ],
  ])("%o", (env, endpoint) => {
    expect(resolve(env)[0]).toMatchObject({ kind: "otlp", endpoint });
  });

  test("headers are percent-decoded, those for traces win", () => {
    const [destination] = resolve({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://a.test",
      OTEL_EXPORTER_OTLP_HEADERS: "X-Team = blue%2C green ,Authorization=Bearer%20one==",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=Bearer%20two,",
    });
    expect(destination?.headers).toEqual({ "x-team": "blue, green", authorization: "Bearer two" });
  });

  test.each(["novalue", "=x", "a=%zz", "a=b%0Ac", "a=b%01c", "a%20b=c"])(
    "headers %s are refused, values unseen",
    (text) => {
      const error = failure({
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://a.test",
        OTEL_EXPORTER_OTLP_HEADERS: `ok=secretvalue,${text}`,
      });
      expect(error.setting).toBe("OTEL_EXPORTER_OTLP_HEADERS");
      expect(error.message).not.toContain("secretvalue");
    },
  );

  test("grpc is refused with the way out", () => {
    const error = failure({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://a.test:4317",
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    });
    expect(error.message).toContain("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf");
  });

  test("user and password in the address become a header and are shown nowhere", () => {
    const [destination] = resolve({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://me:hush%40%40@a.test/v1/traces?api_key=mum&dataset=d",
    });
    expect(destination?.headers.authorization).toBe(`Basic ${Buffer.from("me:hush@@").toString("base64")}`);
    expect(destination?.endpoint).toBe("http://a.test/v1/traces?api_key=mum&dataset=d");
    expect(destination?.url).toBe("http://a.test/v1/traces?api_key=***&dataset=d");
  });
});

describe("both", () => {
  test("are two destinations", () => {
    const both = resolve({ ...KEYS, OTEL_EXPORTER_OTLP_ENDPOINT: "http://a.test" });
    expect(both.map(({ kind }) => kind)).toEqual(["langfuse", "otlp"]);
    expect(new Set(both.map(({ id }) => id)).size).toBe(2);
  });

  test("the same Langfuse project given twice is one", () => {
    const basic = Buffer.from("pk-lf-abcdefghij:sk-lf-secret").toString("base64");
    const both = resolve({
      ...KEYS,
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://cloud.langfuse.com/api/public/otel",
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Basic ${basic}`,
    });
    expect(both).toHaveLength(1);
    expect(both[0]?.headers["x-langfuse-sdk-name"]).toBe("looptrace");
  });
});

test.each<[string, Readonly<Record<string, string>>, string, string]>([
  [
    "the default address",
    KEYS,
    "Check that LANGFUSE_PUBLIC_KEY (pk-lf-abcd…) and LANGFUSE_SECRET_KEY belong together, and to a project of the Langfuse at https://cloud.langfuse.com (the default; LANGFUSE_BASE_URL names another region or a server of your own)",
    "Check what LANGFUSE_PUBLIC_KEY (pk-lf-abcd…) and LANGFUSE_SECRET_KEY may do at https://cloud.langfuse.com",
  ],
  [
    "Langfuse given in OpenTelemetry's variables",
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://a.test/api/public/otel",
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Basic ${Buffer.from("pk-lf-abcdefghij:sk-lf-secret").toString("base64")}`,
    },
    "Check that OTEL_EXPORTER_OTLP_HEADERS (pk-lf-abcd…), the Basic authorization of a public and a secret key, holds what http://a.test wants",
    "Check what OTEL_EXPORTER_OTLP_HEADERS (pk-lf-abcd…), the Basic authorization of a public and a secret key, may do at http://a.test",
  ],
  [
    "headers in both variables",
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://a.test",
      OTEL_EXPORTER_OTLP_HEADERS: "x-team=blue",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=Bearer%20sk-lf-secret",
    },
    "Check that OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_TRACES_HEADERS holds what http://a.test/v1/traces wants",
    "Check what OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_TRACES_HEADERS may do at http://a.test/v1/traces",
  ],
  [
    "no headers",
    { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a.test" },
    "No header says who is asking: set OTEL_EXPORTER_OTLP_HEADERS to what http://a.test/v1/traces wants, such as authorization=Bearer%20…",
    "No header says who is asking: set OTEL_EXPORTER_OTLP_HEADERS to what http://a.test/v1/traces wants, such as authorization=Bearer%20…",
  ],
])("what to check when the keys are refused: %s", (_, env, refused, forbidden) => {
  const [destination] = resolve(env);
  if (destination === undefined) throw new Error("no destination");
  expect([refusedKeysAdvice(destination, 401), refusedKeysAdvice(destination, 403)]).toEqual([refused, forbidden]);
});

test("the id depends on the address and the public key, not on the secret", () => {
  const id = (env: Readonly<Record<string, string>>) => resolve({ ...KEYS, ...env })[0]?.id;
  expect(id({ LANGFUSE_SECRET_KEY: "sk-lf-other" })).toBe(id({}));
  expect(id({ LANGFUSE_PUBLIC_KEY: "pk-lf-other" })).not.toBe(id({}));
  expect(id({ LANGFUSE_BASE_URL: "http://other.test" })).not.toBe(id({}));
  expect(id({ LANGFUSE_BASE_URL: "https://cloud.langfuse.com/" })).toBe(id({}));
});

test("a survey tells what is wrong beside what works, in the order in which it would be thrown", () => {
  const half = { LANGFUSE_PUBLIC_KEY: "pk-lf-abcdefghij" };
  const collector = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
  const { destinations, problems } = surveyDestinations({ env: { ...half, ...collector } });
  expect(destinations.map(({ url }) => url)).toEqual(["http://127.0.0.1:4318/v1/traces"]);
  expect(problems.map(({ setting }) => setting)).toEqual(["LANGFUSE_SECRET_KEY"]);
  const both = surveyDestinations({ env: { ...half, OTEL_EXPORTER_OTLP_ENDPOINT: "nowhere" } });
  expect(both.destinations).toEqual([]);
  expect(both.problems.map(({ setting }) => setting)).toEqual(["LANGFUSE_SECRET_KEY", "OTEL_EXPORTER_OTLP_ENDPOINT"]);
  expect(failure({ ...half, OTEL_EXPORTER_OTLP_ENDPOINT: "nowhere" })).toEqual(both.problems[0]);
});

test("a secret key in the public one's place is not shown, and is blotted out of answers", () => {
  const [destination] = resolve({
    LANGFUSE_PUBLIC_KEY: "sk-lf-secret",
    LANGFUSE_SECRET_KEY: "pk-lf-abcdefghij",
  });
  expect(destination).toMatchObject({ label: "cloud.langfuse.com", keyStart: undefined });
  expect(destination?.secrets).toContain("sk-lf-secret");
});

test("spans look as Langfuse reads them there, and elsewhere where a collector is said to stand before one", () => {
  const shapeOf = (endpoint: string, more: object = {}) =>
    resolveDestinations({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...more } })[0]?.shape;
  const collector = "http://127.0.0.1:4318";
  expect(shapeOf(collector)).toBe("genai");
  expect(shapeOf(collector, { LOOPTRACE_OTLP_SHAPE: " Langfuse " })).toBe("langfuse");
  expect(shapeOf("http://127.0.0.1:3000/api/public/otel", { LOOPTRACE_OTLP_SHAPE: "genai" })).toBe("langfuse");
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector, LOOPTRACE_OTLP_SHAPE: "genai" };
  expect(resolveDestinations({ env, otlp: { shape: "langfuse" } })).toMatchObject([
    { kind: "otlp", shape: "langfuse" },
  ]);
  expect(() => shapeOf(collector, { LOOPTRACE_OTLP_SHAPE: "otel" })).toThrow(
    'LOOPTRACE_OTLP_SHAPE is "otel"; it takes langfuse, for a collector that hands spans on to Langfuse, or genai.',
  );
});
