import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countMarkers } from "../../src/masking/marker.js";
import { type MaskingOptions, maskFor, quickMask } from "../../src/masking/mask.js";
import { anyCharacter } from "../support/any-character.js";
import { tries } from "../support/tries.js";

/** Made at run time, so that nothing in this file has the shape of a token. */
const GITHUB = ["ghp", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"].join("_");
const ANTHROPIC = ["sk", "ant", "api03", `${"a1B2c3D4".repeat(11)}a1B2c`, "a1B2c3AA"].join("-");
const AWS_ID = ["AKIA", "IOSFODNN7QWERTYU"].join("");
const AWS_SECRET = ["wJalrXUtnFEMI", "K7MDENG", "bPxRfiCYzAAAAAAKEY"].join("/");

async function masked<T>(value: T, options: MaskingOptions = {}): Promise<T> {
  return (await maskFor([value], { environment: {}, ...options }))(value);
}

describe("what is masked", () => {
  test("tokens of well-known shapes, wherever they stand, and named", async () => {
    const value = {
      text: `The token is ${GITHUB}, keep it.`,
      deep: [{ [`key ${ANTHROPIC}`]: 1 }],
      env: `AWS_ACCESS_KEY_ID=${AWS_ID}\nAWS_SECRET_ACCESS_KEY=${AWS_SECRET}\n`,
      account: "AWS_ACCOUNT_ID=123456789012",
    };
    expect(await masked(value)).toEqual({
      text: "The token is [masked: GITHUB_TOKEN], keep it.",
      deep: [{ "key [masked: ANTHROPIC_API_KEY]": 1 }],
      env: "AWS_ACCESS_KEY_ID=[masked: AWSAccessKeyID]\nAWS_SECRET_ACCESS_KEY=[masked: AWSSecretAccessKey]\n",
      account: "AWS_ACCOUNT_ID=123456789012",
    });
  });

  test("what is recognised in one text is masked in all of them", async () => {
    const value = [`aws_secret_access_key = ${AWS_SECRET}`, `bare ${AWS_SECRET} again`];
    expect((await masked(value))[1]).toBe("bare [masked: AWSSecretAccessKey] again");
  });

  test("of an address the user and the password, not where it leads", async () => {
    const value = `postgres://app:${"s3cretpw"}@db.local:5432/x?sslmode=on`;
    expect(await masked(value)).toBe("postgres://[masked: PostgreSQLConnection]@db.local:5432/x?sslmode=on");
  });

  test("a comment that switches rules off is a text like any other", async () => {
    expect(await masked(`# secretlint-disable\n${GITHUB}\n# secretlint-enable`)).toBe(
      "# secretlint-disable\n[masked: GITHUB_TOKEN]\n# secretlint-enable",
    );
  });

  test("values of environment variables that are called like secrets", async () => {
    const environment = {
      DEPLOY_TOKEN: "q8-planted-value",
      MY_PASSWORD: "swordfish-and-more",
      npm_config__authToken: "not by this name: words have borders",
      HOME: "/home/dev",
    };
    expect(await masked("q8-planted-value swordfish-and-more /home/dev", { environment })).toBe(
      "[masked: DEPLOY_TOKEN] [masked: MY_PASSWORD] /home/dev",
    );
  });

  test("secrets as they stand inside of JSON and of an address", async () => {
    const secret = 'a"b\\c d/é&';
    const value = [JSON.stringify({ secret }), `https://x.test/?k=${encodeURIComponent(secret)}`, secret];
    expect(await masked(value, { secrets: [secret] })).toEqual([
      '{"secret":"[masked: key]"}',
      "https://x.test/?k=[masked: key]",
      "[masked: key]",
    ]);
  });

  test("one secret that begins like another", async () => {
    expect(await masked("abcdef-long abcdef", { secrets: ["abcdef", "abcdef-long"] })).toBe(
      "[masked: key] [masked: key]",
    );
  });

  test("what the caller's patterns match, and what the caller's function changes", async () => {
    const options = {
      patterns: [/\bcustomer-\d+/, /^first$/m, /x*/],
      replace: (text: string) => text.replaceAll("Ada", "A."),
    };
    expect(await masked(["customer-12 and customer-7", "first\nsecond", "Ada"], options)).toEqual([
      "[masked: pattern] and [masked: pattern]",
      "[masked: pattern]\nsecond",
      "A.",
    ]);
  });

  test("a pattern of the caller's is not changed by its use", async () => {
    const pattern = /secret/g;
    pattern.lastIndex = 3;
    await masked("secret secret", { patterns: [pattern] });
    expect(pattern.lastIndex).toBe(3);
  });
});

describe("what is left alone", () => {
  test("values of variables that only tell about a secret, or are no secrets", async () => {
    const environment = {
      SSH_AUTH_SOCK: "/run/user/1000/keyring/ssh",
      TOKEN_LIMIT: "100000000000",
      LANGFUSE_PUBLIC_KEY: "pk-lf-11112222",
      PASSWORD_STORE_DIR: "/home/dev/.password-store",
      API_KEY: "disabled",
      SECRET: "short",
      TOKEN_TTL: "3600000000",
      KEYBOARD: "de-latin1-nodeadkeys",
      SESSION_TOKEN: process.cwd(),
    };
    const text = Object.values(environment).join(" ");
    expect(await masked(text, { environment })).toBe(text);
  });

  test("what holds nothing secret is the same object", async () => {
    const value = { a: ["text", 1, null, true, { b: undefined }], secret: GITHUB };
    const mask = await maskFor([value], { environment: {} });
    const result = mask(value);
    expect(result.a).toBe(value.a);
    expect(mask(value.a)).toBe(value.a);
  });

  test("everything, where nothing is to be masked", async () => {
    const mask = await maskFor([GITHUB], false);
    expect(mask(GITHUB)).toBe(GITHUB);
    expect(mask.json(`["${GITHUB}"]`)).toBe(`["${GITHUB}"]`);
  });
});

test("JSON stays JSON, and stays the same text where nothing is masked", async () => {
  const secret = 'pass"word\n';
  const text = JSON.stringify({ a: `x ${secret}`, [secret]: 1 });
  const mask = await maskFor([JSON.parse(text)], { environment: {}, secrets: [secret] });
  expect(JSON.parse(mask.json(text))).toEqual({ a: "x [masked: key]", "[masked: key]": 1 });
  expect(mask.json('{ "a":   1 }')).toBe('{ "a":   1 }');
});

test("values that are nested deeper than anybody's stack do not leak", async () => {
  const depth = 50_000;
  const value: unknown = JSON.parse(`${"[".repeat(depth)}"${GITHUB}"${"]".repeat(depth)}`);
  const mask = await maskFor([value, GITHUB], { environment: {} });
  expect(JSON.stringify(mask(value))).not.toContain(GITHUB);
});

describe("for any data", () => {
  const planted = fc.constantFrom("planted-secret-1", 'plan"ted\\2', "päßwörd-3", GITHUB);
  const text = fc
    .array(fc.oneof(fc.string({ unit: anyCharacter }), planted), { maxLength: 4 })
    .map((parts) => parts.join(" "));
  const data = fc.letrec((tie) => ({
    node: fc.oneof(
      { depthSize: "small" },
      text,
      fc.constantFrom(null, true, 7),
      fc.array(tie("node"), { maxLength: 4 }),
      fc.dictionary(text, tie("node"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).node;
  const options = { environment: { A_TOKEN: "planted-secret-1" }, secrets: ['plan"ted\\2', "päßwörd-3"] };

  test("no planted secret is left, masking again changes nothing, and all is counted", async () => {
    await fc.assert(
      fc.asyncProperty(data, async (value) => {
        const before = JSON.stringify(value);
        const result = await masked(value, options);
        const after = JSON.stringify(result);
        for (const secret of ["planted-secret-1", 'plan"ted\\2', "päßwörd-3", GITHUB]) {
          expect(after).not.toContain(JSON.stringify(secret).slice(1, -1));
        }
        expect(await masked(result, options)).toBe(result);
        const count = before.split(/planted-secret-1|plan\\"ted\\\\2|päßwörd-3|ghp_\w{36}/).length - 1;
        // Two keys can become one.
        expect(after.split("[masked: ").length - 1).toBeLessThanOrEqual(count);
        if (count > 0) expect(after).toContain("[masked: ");
        expect(JSON.stringify(value)).toBe(before);
      }),
      { numRuns: tries(100) },
    );
  });
});

test("markers are counted wherever they stand", () => {
  expect(countMarkers({ a: "[masked: key] x [masked: GITHUB_TOKEN]", b: [["[masked: a]"], 1, null] })).toBe(3);
  expect(countMarkers("[masked]")).toBe(0);
});

test("a token is found wherever in a long text it stands", async () => {
  for (const before of [99_990, 107_970, 199_999]) {
    const text = `${"x ".repeat(before / 2)}${GITHUB} ${"y ".repeat(60_000)}`;
    expect(await masked(text)).not.toContain(GITHUB);
  }
});

describe("a private key", () => {
  const body = Array.from({ length: 20 }, (_, line) => `${String.fromCharCode(65 + line)}${"x9Yz+/".repeat(10)}abc`);
  const [begin, end] = ["-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"];
  const lines = [begin, ...body, "shortLast0123456==", end];

  test.each<[string, unknown]>([
    ["as it is", lines.join("\n")],
    ["with numbers before its lines", lines.map((line, index) => `${index + 1}: ${line}`).join("\n")],
    ["as cat -n shows it", lines.map((line, index) => `     ${index + 1}\t${line}`).join("\n")],
    ["as grep shows it", lines.map((line, index) => `id_rsa:${index + 1}:${line}`).join("\n")],
    ["in a diff", lines.map((line) => `+${line}`).join("\n")],
    ["inside of JSON inside of JSON", JSON.stringify(JSON.stringify({ key: lines.join("\n") }))],
    ["without its end", lines.slice(0, 9).join("\n")],
    ["encrypted", lines.join("\r\n").replace("OPENSSH", "ENCRYPTED")],
    ["as a list", lines],
    ["as a list that is JSON", JSON.stringify(lines)],
    ["as a list of JSON's with a row on each line", JSON.stringify(lines, null, 2)],
    ["as a list in JSON in JSON", JSON.stringify(JSON.stringify({ lines }))],
    ["as a list of a program's", `key = [\n${lines.map((line) => `  '${line}',\n`).join("")}]`],
    ["with an empty line after each", lines.join("\n\n")],
    ["in a notebook", JSON.stringify({ source: lines.map((line) => `${line}\n`) }, null, 1)],
    ["in a notebook that was read", { source: lines.map((line) => `${line}\n`) }],
  ])("%s", async (_, value) => {
    const result = JSON.stringify(await masked(value));
    for (const line of body) expect(result).not.toContain(line);
    expect(result).not.toContain("shortLast");
  });

  test("in parts elsewhere", async () => {
    const [, part] = await masked([lines.join("\n"), `The key has ${body[3]} in it.`]);
    expect(part).toBe("The key has [masked: PrivateKey] in it.");
  });
});

describe("a token is found", () => {
  test.each<[string, string]>([
    ["after an escaped line break", JSON.stringify(`line\n${GITHUB}`)],
    ["two levels deep in JSON", JSON.stringify(JSON.stringify({ a: `x\n${GITHUB}` }))],
    ["in colour", `\u001b[32m${GITHUB}\u001b[0m`],
  ])("%s", async (_, text) => {
    expect(await masked(text)).not.toContain(GITHUB);
  });
});

test("passwords in addresses of any kind, and where they stand alone", async () => {
  const password = ["S3cret", "Pw99"].join("");
  const addresses = [
    `https://ci:${password}@gitlab:8080/x`,
    `redis://:${password}@localhost:6379`,
    `amqp://a:${password}@vault.internal`,
    `clickhouse://u:p%40${password}@h`,
  ];
  const result = await masked([...addresses, `PGPASSWORD=${password}`]);
  expect(JSON.stringify(result)).not.toContain(password);
  expect(result[0]).toBe("https://[masked: password]@gitlab:8080/x");
});

test("addresses without a password, and what stands in for one, stay", async () => {
  const text = [
    "http://host:3000/@scope/pkg and @types/node@20.1.0",
    "https://user:$TOKEN@example.com, https://user:<password>@example.com, postgres://u:password@localhost/x",
    "mailto:a@b.test http://127.0.0.1:4318/v1/traces",
  ].join("\n");
  const result = await masked(text);
  expect(result).toContain("http://host:3000/@scope/pkg and @types/node@20.1.0");
  expect(result).toContain("https://user:$TOKEN@example.com, https://user:<password>@example.com");
  expect(result).toContain("mailto:a@b.test http://127.0.0.1:4318/v1/traces");
});

test.each([
  "PGPASSWORD",
  "MYSQL_PWD",
  "DB_PASS",
  "SSHPASS",
  "npm_config__authToken",
  "API_KEYS",
  "GITHUB_TOKEN2",
  "APITOKEN",
  "accessToken",
  "VAULT_SECRET_ID",
  "SENTRY_DSN",
  "AZURE_STORAGE_CONNECTION_STRING",
])("the variable %s is called like a secret", async (name) => {
  expect(await masked("a planted-value-1 b", { environment: { [name]: "planted-value-1" } })).toBe(
    `a [masked: ${name}] b`,
  );
});

test.each([
  "PWD",
  "OLDPWD",
  "AUTH_USER",
  "SORT_KEY",
  "CACHE_KEY",
  "TOKEN_TTL",
  "AWS_ACCESS_KEY_ID",
  "COMPASS",
  "GIT_AUTHOR_NAME",
])("the variable %s is not", async (name) => {
  const text = "a planted-value-1 b";
  expect(await masked(text, { environment: { [name]: "planted-value-1" } })).toBe(text);
});

test("headers for a collector are keys", async () => {
  const environment = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abcdef-1234567,x-team=a" };
  expect(await masked("Bearer abcdef-1234567, x-team: a", { environment })).toBe(
    "[masked: OTEL_EXPORTER_OTLP_HEADERS], x-team: a",
  );
});

test("two names that become one lose nothing", async () => {
  const second = GITHUB.replace("wWPw", "aWPa");
  expect(Object.values(await masked({ [GITHUB]: 1, [second]: 2 }))).toEqual([1, 2]);
});

test("what passes by is masked by what is known without looking at it", () => {
  const mask = quickMask({
    environment: { A_TOKEN: "planted-value-1" },
    secrets: ["a-key"],
    patterns: [/acme/],
  });
  expect(mask({ phase: { detail: "planted-value-1 a-key acme" } })).toEqual({
    phase: { detail: "[masked: A_TOKEN] [masked: key] [masked: pattern]" },
  });
  expect(quickMask(false)("planted-value-1")).toBe("planted-value-1");
});

describe("a token that a line break cuts", () => {
  const rest = ["CAESIJ9w8Zx7", "Yq6Rt5"].join("");
  const short = `hvs.${rest}`;
  const long = ["sk", "ant", "api03", "a1B2c3D4".repeat(11)].join("-");

  test.each([
    ["a name and its value", "NAME=joe"],
    ["a variable with nothing in it", "USER_NAME="],
    ["what a shell exports", "export Path=/usr/bin"],
    ["a setting of YAML", "  replicas: 3"],
    ["a word", "done"],
    ["another command", "sha256sum dist"],
  ])("is not completed from %s in the next line", async (_, next) => {
    const text = `VAULT_TOKEN=${short}\n${next}`;
    const result = await masked(text);
    expect(result).not.toContain(rest);
    expect(result.endsWith(`\n${next}`)).toBe(true);
  });

  test("nor from a setting, where the line is as long as a wrapped one", async () => {
    const text = `curl --silent --header x-vault-token-to-use ${short}\nContent_Type=text\n`;
    expect(await masked(text)).toContain("\nContent_Type=text\n");
  });

  test("is found to its end where short lines wrap it, but not beyond", async () => {
    const lines = `${long}xyz9`.match(/.{1,20}/g) ?? [];
    expect(lines.at(-1)).toHaveLength(`${long}xyz9`.length % 20);
    expect(await masked(`${lines.join("\n")}\nNAME=joe`)).toMatch(/^\[masked: [A-Z_]+\]\nNAME=joe$/);
  });

  test.each([
    ["a narrow terminal", 20],
    ["a terminal", 50],
  ])("is found whole where %s wraps it", async (_, width) => {
    const line = `use ${" ".repeat(Math.max(0, width - 20))}${long.slice(0, 14)}\n${long.slice(14)}`;
    expect(await masked(line)).not.toContain(long.slice(14, 40));
  });
});

test.each([
  ["TOGETHER_KEY", `tgp_v1_${"aB3xK9mQ-z_".repeat(4).slice(0, 43)}`],
  ["API_KEY", `essu_${"aB3xK9mQz7".repeat(6)}`],
  ["API_KEY", `key_${"0a9b4c7d".repeat(8)}`],
])("%s has a shape of its own", async (label, token) => {
  expect(await masked(`it was ${token} then`)).toBe(`it was [masked: ${label}] then`);
});

test("values in which nothing was found stay the same objects, and others are masked all the same", async () => {
  const clean = { list: [{ text: "said" }] };
  const mask = await maskFor([clean], { environment: {} });
  expect(mask(clean)).toBe(clean);
  expect(mask({ clean, apiKey: "aB3xY9kQ2mZ7pL5w" })).toEqual({ clean, apiKey: "[masked: apiKey]" });
  // Secret by its name alone, which is no text that is masked wherever it stands.
  const named = { DB_PASSWORD: "abcdefgh" };
  expect((await maskFor([named], { environment: {} }))(named)).toEqual({ DB_PASSWORD: "[masked: DB_PASSWORD]" });
});

test("what is nested too deep is left out though nothing is found in it", async () => {
  let deep: unknown = "deepest";
  for (let level = 0; level < 1_100; level += 1) deep = { deep };
  const mask = await maskFor([deep], { environment: {} });
  expect(JSON.stringify(mask(deep))).toContain("left out");
  let half: unknown = "deepest";
  for (let level = 0; level < 400; level += 1) half = { half };
  const other = await maskFor([half], { environment: {} });
  expect(other(half)).toBe(half);
  let outer: unknown = half;
  for (let level = 0; level < 700; level += 1) outer = { outer };
  expect(JSON.stringify(other(outer))).toContain("left out");
});
