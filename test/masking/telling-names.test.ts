import { describe, expect, test } from "vitest";
import { maskFor } from "../../src/masking/mask.js";

async function masked<T>(value: T): Promise<T> {
  return (await maskFor([value], { environment: {} }))(value);
}

/** Made at run time, so that nothing in this file is a password. */
const PASSWORD = ["Tr4vel", "7wQ"].join("!");
const TOKEN = ["a8Kx03Qm", "Zp51Lw9Rt7Yv"].join("");

describe("stays as it is", () => {
  test.each([
    "password: string",
    "token: Token;",
    "readonly apiKey?: string | undefined;",
    "password = get_password()",
    "const token = tokens[index];",
    "const secret = process.env.JWT_SECRET;",
    'SECRET_KEY = os.environ["SECRET_KEY"]',
    "DB_PASSWORD=${DB_PASSWORD}",
    "DB_PASSWORD=$DB_PASSWORD",
    "DB_PASSWORD=<password>",
    "DB_PASSWORD=changeme",
    "API_KEY=your-api-key",
    "API_KEY=xxxxxxxxxxxxxxxx",
    "password: {{ vault_password }}",
    "password: ${{ secrets.DB_PASSWORD }}",
    "postgres://postgres:postgres@localhost:5432/test",
    "postgres://user:password@localhost/db",
    "https://user:<password>@example.com",
    "if (password === confirmPassword) {",
    '<input type="password" name="password" placeholder="Enter your password">',
    '"password": "Password"',
    '"integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="',
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "id 3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "assets/index-BDnqZat0.js and chunk.8f3a1c9d2b7e4f60.css",
    ".sk-fading-circle .sk-circle-before { margin: 0 }",
    "max_tokens: 4096, token_type: bearer",
    `"signature": "${Buffer.from("of a thought, as providers sign it, 2024").toString("base64")}"`,
    '{ sessionId: "ses_e03b66d38ffe05tdavb", parentSessionId: "ses_e03af5e48e084bf1g6r" }',
    "git log --author=bob --token-limit 5000",
    "export function tokenize(source: string): Token[] {",
    'throw new Error("Invalid token: unexpected end of input");',
    "Authorization: Bearer <token>",
    "Authorization: `Bearer ${token}`",
    'headers.set("Authorization", "Bearer " + token)',
    "curl -u user:password https://example.com",
    "curl -u $USER:$TOKEN https://example.com",
    "mysql -u root -p main",
    "src/a.ts:12:34: error: unused",
    "See https://registry.acme.test/@scope/pkg@1.2.3 and http://host:3000/@fs/x",
  ])("%s", async (text) => {
    expect(await masked(text)).toBe(text);
  });

  test("source that names the first line of a key", async () => {
    const text = [
      'const BEGIN = "-----BEGIN PRIVATE KEY-----";',
      'import { createPrivateKeyFromPem } from "./crypto/createPrivateKeyFromPem.js";',
      "const privateKeyParserOptions = defaultPrivateKeyParserOptions;",
      "export function parseEncryptedPrivateKeyInfo(input: Uint8Array): PrivateKeyInfo {",
      'const END = "-----END PRIVATE KEY-----";',
    ].join("\n");
    const value = [text, "src/crypto/createPrivateKeyFromPem.js", "parseEncryptedPrivateKeyInfo"];
    expect(await masked(value)).toEqual(value);
  });
});

test("a short or common value is masked behind its name only", async () => {
  const text = "MYSQL_PASSWORD=sommer\nim sommer, der Sommer, sommerzeit";
  expect(await masked(text)).toBe("MYSQL_PASSWORD=[masked: MYSQL_PASSWORD]\nim sommer, der Sommer, sommerzeit");
  const common = "DB_PASSWORD=test\nADMIN_PASSWORD=admin\nROOT_PASSWORD=root\nrun the test as admin or root";
  expect(await masked(common)).toBe(common);
});

describe("a value made of words", () => {
  test.each(['DB_PASSWORD="correct horse battery staple"', "ROOT_PASSWORD=summer2024", "db_password: Winter20245"])(
    "of %s is masked in the whole session",
    async (line) => {
      const value = /[:=]\s*"?([^"]+)"?$/.exec(line)?.[1] ?? "";
      const [, elsewhere] = await masked([line, `I log in with ${value} now.`]);
      expect(elsewhere).toMatch(/^I log in with \[masked: \w+\] now\.$/);
    },
  );

  test.each([
    "user1",
    "user1234",
    "test123",
    "python3",
    "sha256",
    "utf8",
    "node20",
    "windows1252",
    "port8080",
    "localhost3000",
    "march2024",
    "blue sky",
    "one two six",
  ])("stays elsewhere where it is the ordinary %s", async (value) => {
    const text = `see ${value}, and ${value} again`;
    const [, elsewhere] = await masked([`DB_PASSWORD="${value}"`, text]);
    expect(elsewhere).toBe(text);
  });
});

test("one that nothing else looks like is masked wherever it stands", async () => {
  const [, elsewhere, encoded, wrapped] = await masked([
    `DB_PASSWORD=${PASSWORD}\nDEPLOY_TOKEN=${TOKEN}`,
    `tried ${PASSWORD}, then ${TOKEN}.`,
    Buffer.from(`--${TOKEN}--`).toString("base64"),
    `${TOKEN.slice(0, 12)}\n${TOKEN.slice(12)}`,
  ]);
  expect(elsewhere).toBe("tried [masked: DB_PASSWORD], then [masked: DEPLOY_TOKEN].");
  expect(Buffer.from(encoded ?? "", "base64").toString()).not.toContain(TOKEN);
  expect(wrapped).toBe("[masked: DEPLOY_TOKEN]");
});

test("a field's own name, and a name that stands in a field beside the value", async () => {
  const value = {
    input: { password: PASSWORD, apiKey: TOKEN, user: "bob", count: 7 },
    env: [
      { name: "DB_PASSWORD", value: "zebrafinch" },
      { name: "NODE_ENV", value: "production" },
    ],
    tokens: { input: 12, output: 3 },
  };
  expect(await masked(value)).toEqual({
    input: { password: "[masked: password]", apiKey: "[masked: apiKey]", user: "bob", count: 7 },
    env: [
      { name: "DB_PASSWORD", value: "[masked: DB_PASSWORD]" },
      { name: "NODE_ENV", value: "production" },
    ],
    tokens: { input: 12, output: 3 },
  });
});

test("what surrounds a secret stays, and a marker names it", async () => {
  expect(await masked(`mysql -h db -u root -p${PASSWORD} main`)).toBe("mysql -h db -u root -p[masked: password] main");
  expect(await masked(`Server=db;Password=${PASSWORD};Encrypt=true`)).toBe(
    "Server=db;Password=[masked: Password];Encrypt=true",
  );
  expect(await masked("amqp://app:p/a@ss1@mq.internal/vhost")).toBe("amqp://[masked: password]@mq.internal/vhost");
  expect(await masked(`X-API-Key: ${TOKEN}`)).toBe("X-API-Key: [masked: X-API-Key]");
});

test("a name that holds a secret is not what a marker says", async () => {
  const text = `DEPLOY_TOKEN=${TOKEN}\n${TOKEN}_password=sommernacht`;
  expect(await masked(text)).toBe(
    "DEPLOY_TOKEN=[masked: DEPLOY_TOKEN]\n[masked: DEPLOY_TOKEN]_password=[masked: secret]",
  );
});

test("thousands of secrets in one session", async () => {
  const secrets = Array.from({ length: 4_000 }, (_, index) => `qT${index}xW${index * 7}zR${index % 97}kV`);
  const [, text] = await masked([secrets.map((one) => `API_TOKEN=${one}`).join("\n"), secrets.join(" ")]);
  expect(text?.match(/\[masked: API_TOKEN\]/g)).toHaveLength(secrets.length);
  // All of them at once: to look for each would be to read the text as many times.
  expect(/qT\d+xW\d+zR\d+kV/.exec(text ?? "")?.[0]).toBeUndefined();
});
