import { describe, expect, test } from "vitest";
import { proxyFor } from "../../../src/deliver/destinations/proxy.js";
import { ConfigurationError } from "../../../src/errors/configuration-error.js";

const P = "http://proxy.test:3128";
const through = (url: string, env: Record<string, string>): string | undefined => proxyFor(new URL(url), env)?.setting;

describe("which variable counts", () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ["https://far.test/", { HTTPS_PROXY: P }, "HTTPS_PROXY"],
    ["https://far.test/", { HTTPS_PROXY: P, https_proxy: P }, "https_proxy"],
    ["http://far.test/", { HTTPS_PROXY: P }, undefined],
    ["http://far.test/", { HTTP_PROXY: P }, "HTTP_PROXY"],
    ["https://far.test/", { HTTP_PROXY: P }, "HTTP_PROXY"],
    ["https://far.test/", { ALL_PROXY: P, HTTP_PROXY: P }, "ALL_PROXY"],
    ["http://far.test/", { all_proxy: P }, "all_proxy"],
    ["https://far.test/", { https_proxy: "", HTTPS_PROXY: P }, undefined],
    ["https://far.test/", {}, undefined],
  ])("%s with %j", (url, env, setting) => {
    expect(through(url, env)).toBe(setting);
  });
});

test.each([
  ["far.test", true],
  ["FAR.test", true],
  [".far.test", true],
  ["*.far.test", true],
  ["test", true],
  ["ar.test", false],
  ["other.test, far.test", true],
  ["other.test far.test:443", true],
  ["far.test:8443", false],
  ["*", true],
  ["", false],
])("NO_PROXY=%s excepts far.test: %s", (list, excepted) => {
  const env = { HTTPS_PROXY: P, NO_PROXY: list };
  for (const url of ["https://far.test/", "https://x.far.test/"]) {
    expect(through(url, env) === undefined).toBe(excepted);
  }
});

test.each([
  ["https://10.1.2.3/", "10.0.0.0/8", true],
  ["https://11.1.2.3/", "10.0.0.0/8", false],
  ["https://10.1.2.3/", "10.1.2.3", true],
  ["https://[fd00::1]/", "fd00::/8", true],
  ["https://[fd00::1]/", "fd00::1", true],
  ["https://[fd00::1]:8443/", "[fd00::1]:8443", true],
  ["https://[fd00::1]/", "[fd00::1]:8443", false],
  ["https://10.1.2.3/", "10.0.0.0/99", false],
  ["https://far.test/", "10.0.0.0/8", false],
])("%s and NO_PROXY=%s: %s", (url, list, excepted) => {
  expect(through(url, { HTTPS_PROXY: P, no_proxy: list }) === undefined).toBe(excepted);
});

test.each([
  "http://127.0.0.1:4318",
  "http://127.9.9.9",
  "https://localhost:3000",
  "http://a.localhost",
  "http://[::1]:1",
])("%s is this machine, which no proxy reaches", (url) => {
  expect(through(url, { HTTPS_PROXY: P, HTTP_PROXY: P, ALL_PROXY: P })).toBeUndefined();
});

test("user and password are apart from what may be shown", () => {
  const proxy = proxyFor(new URL("https://far.test"), { HTTPS_PROXY: "http://ada:hu%40sh@proxy.test:3128/" });
  expect(proxy).toEqual({
    url: "http://proxy.test:3128",
    authorization: `Basic ${Buffer.from("ada:hu@sh").toString("base64")}`,
    shown: "proxy.test:3128",
    setting: "HTTPS_PROXY",
  });
  expect(proxyFor(new URL("https://far.test"), { HTTPS_PROXY: "proxy.test:3128" })?.url).toBe(P);
  expect(proxyFor(new URL("https://far.test"), { HTTPS_PROXY: "token@proxy.test" })?.authorization).toBe(
    `Basic ${Buffer.from("token:").toString("base64")}`,
  );
});

test.each(["socks5://u:hush@proxy.test", "ftp://hush@x", "http://", "http://u:hush@:3128"])(
  "%s is refused, and not shown",
  (value) => {
    const call = () => proxyFor(new URL("https://far.test"), { ALL_PROXY: value });
    expect(call).toThrow(ConfigurationError);
    expect(call).toThrow(/^ALL_PROXY (?!.*hush)/);
  },
);
