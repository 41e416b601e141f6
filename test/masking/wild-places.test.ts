import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { maskFor } from "../../src/masking/mask.js";

const PASSWORD = "kqz74!RDJonvzw8";
const TOKEN = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";
const LETTERS = "wYBCokzouVUHzfphrdgyCnSP";

async function masked(text: string): Promise<string> {
  return (await maskFor([text], { environment: {} }))(text);
}

describe("a secret is found", () => {
  test.each([
    ["in a drawn table", PASSWORD, `│ NAME        │ VALUE │\n├─────────────┼───────┤\n│ DB_PASSWORD │ ${PASSWORD} │`],
    ["in the last row of a drawn table", PASSWORD, `│ DB_PASSWORD │ ${PASSWORD} │\n└─────────────┴──────┘\n`],
    [
      "below its column in MySQL's tables",
      PASSWORD,
      `+----+--------+\n| id | password |\n+----+---+\n|  1 | ${PASSWORD} |\n`,
    ],
    ["below its column in Postgres' tables", TOKEN, ` id | api_key \n----+--------\n  1 | ${TOKEN}\n(1 row)\n`],
    ["below its column in SQLite's lists", TOKEN, `id|email|api_key\n1|a@b.c|${TOKEN}\n`],
    [
      "below its column between blanks",
      PASSWORD,
      `Username    Password         Role\n--------    --------         ----\nbob         ${PASSWORD}  admin\n`,
    ],
    [
      "below its column without a line",
      TOKEN,
      `Username    Password                          Role\nbob         ${TOKEN}  admin\n`,
    ],
    ["between heavy bars", TOKEN, `┏━━━━┳━━━━━━━━━┓\n┃ id ┃ api_key ┃\n┣━━━━╋━━━━━━━━━┫\n┃ 1  ┃ ${TOKEN} ┃\n`],
    ["between double bars", TOKEN, `╔════╦═════════╗\n║ id ║ api_key ║\n╠════╬═════════╣\n║ 1  ║ ${TOKEN} ║\n`],
    ["behind an empty line", TOKEN, `some words\n\nid|api_key\n1|${TOKEN}\n`],
    ["below the numbers of lines", TOKEN, `  9|\n 10|| id | api_key |\n 11|| --- | --- |\n 12|| 1 | ${TOKEN} |\n`],
    ["in the second such column", TOKEN, `User,Password,Access key ID,Secret access key\nbob,${PASSWORD},x,${TOKEN}\n`],
    ["below a token's column", TOKEN, `user\tapi_token\tage\nbob\t${TOKEN}\t3\n`],
    ["in a row of names and values", TOKEN, `name,value\nDEPLOY_KEY,${TOKEN}\nPORT,80\n`],
    [
      "as the default of a variable",
      PASSWORD,
      `variable "db_password" {\n  type = string\n  default = "${PASSWORD}"\n}\n`,
    ],
    ["as an output", PASSWORD, `output "db_password" {\n  value = "${PASSWORD}"\n}\n`],
    ["as what a plan changes", TOKEN, `      ~ api_key = "old" -> "${TOKEN}"\n`],
    [
      "as a parameter by its path",
      PASSWORD,
      `"Name": "/prod/db/password",\n "Type": "SecureString",\n "Value": "${PASSWORD}"\n`,
    ],
    ["in opencode's own file of keys", TOKEN, `{"openai":{"type":"api","key":"${TOKEN}"}}`],
    ["in it, in whatever order", TOKEN, `{"openai":{"key":"${TOKEN}","type":"api"}}`],
    ["in what it signs in by", TOKEN, `{"anthropic":{"type":"oauth","refresh":"x","access":"${TOKEN}","expires":1}}`],
    ["as what is put into a store of secrets", TOKEN, `echo "${TOKEN}" | gh secret set DEPLOY\n`],
    ["behind a format", TOKEN, `printf '%s' '${TOKEN}' | vercel env add NAME production\n`],
    ["as what is given to a store of secrets", TOKEN, `gh secret set DEPLOY <<< "${TOKEN}"\n`],
    ["as an argument without a flag", PASSWORD, `rabbitmqctl add_user bob ${PASSWORD}\n`],
    ["as a cookie of a command", TOKEN, `curl -b "session=${TOKEN}" https://x.example\n`],
    ["as the first of a command's cookies", TOKEN, `curl -b "session=${TOKEN}; theme=dark" https://x.example\n`],
    ["as the last of a command's cookies", TOKEN, `curl --cookie 'theme=dark; session=${TOKEN}' https://x.example\n`],
    ["as a macro", TOKEN, `#define API_TOKEN ${TOKEN}\n`],
    ["in the midst of a connection string", "-Def7xk", "Server=x;Uid=sa;Password=abc9x -Def7xk;"],
    ["behind an emphasised name", PASSWORD, `**Password:** ${PASSWORD}\n`],
    ["behind a continued line", TOKEN, `api.token=\\\n  ${TOKEN}\n`],
    ["as a signature of an address", TOKEN, `https://b.example/o?Expires=1&Signature=${TOKEN}%3D\n`],
    ["of letters alone", LETTERS, `const vercelToken = '${LETTERS}';\n`],
    ["of letters alone behind a prefix", "glpat-HoEXbrvnMSPtdoFJaoZw", "GITLAB_TOKEN=glpat-HoEXbrvnMSPtdoFJaoZw\n"],
    ["in a row below a shell's line", PASSWORD, `$ cat creds.md\n| password | ${PASSWORD} |\n`],
    ["in a row below other ones", PASSWORD, `$ grep -A3 login a.md\n| login | bobby |\n| password | ${PASSWORD} |\n`],
    ["behind a bar below a shell's line", PASSWORD, `echo hello world\nAPI_KEY | ${PASSWORD}\n`],
    ["in a row that reads as a command", PASSWORD, `| find the password | ${PASSWORD} |\n`],
    ["in a row with a dash in its value", "S3cr3t -Pa55", "| password | S3cr3t -Pa55 |\n"],
    [
      "as a word in the last row",
      "sunshineday",
      "+-----+-----+\n| user | bobby |\n| password | sunshineday |\n+-----+-----+\n",
    ],
    ["behind an empty description", PASSWORD, `- name: DB_PASSWORD\n  description:\n  value: ${PASSWORD}\n`],
    ["behind an empty type", PASSWORD, `name = "DB_PASSWORD"\ntype = \nvalue = "${PASSWORD}"\n`],
    ["with a dot, without a scheme", "aB3dE5fG7h.iJ9kL1mN3o", "Authorization: aB3dE5fG7h.iJ9kL1mN3o\n"],
    ["with a dot in JSON", "xk_live_3f9a8b7c6d.a1b2c3d4e5f6", '{"Authorization":"xk_live_3f9a8b7c6d.a1b2c3d4e5f6"}'],
    ["below a column of two words in one", PASSWORD, `id,username,userPassword\n1,bob,${PASSWORD}\n`],
    ["with a sharp in it", "cva74#RDJonvz", "[INFO] using DB_PASSWORD: cva74#RDJonvz\n"],
    [
      "with dots in it",
      `${TOKEN.replace("9", "a")}.x0aB3dE5fG7hJ9kL`,
      `    token: ${TOKEN.replace("9", "a")}.x0aB3dE5fG7hJ9kL\n`,
    ],
    [
      "at the end of a connection string of a command",
      `${TOKEN}=`,
      `x -e A=Endpoint=sb://x/;SharedAccessKey=${TOKEN}= -p 80\n`,
    ],
  ])("%s", async (_, secret, text) => {
    expect(await masked(text)).not.toContain(secret);
  });
});

test.each([
  "FunctionPass *createDemandedBitsWrapperPass();",
  "PKCS8_PRIV_KEY_INFO *EVP_PKEY2PKCS8(const EVP_PKEY *pkey);",
  "struct SECKEYPrivateKeyStr { PK11SymKey *PK11_FindFixedKey9 };",
  "#define NL80211_ATTR_KEY NL80211_ATTR_KEY",
  "#define xmlSecCryptoAppKeyLoad                  xmlSecNssAppKeyLoad",
  "authorization = base64.decodebytes(authorization).\\\n  authorization = authorization[1].encode('ascii')",
  "struct.pack('>BBB', token | 0xF, 0x10, size)",
  "by the --username and --password options instead",
  'const LIVING_KEYS = ["HTMLDataListElement", "HTMLDetailsElement"];',
  "exports.id_pkcs9_at_encryptedPrivateKeyInfo = exports.id_pkcs9_at_pkcs15Token;",
  "type,token,next\nname,Identifier,3\n",
  "cat creds | grep password | head -n 20\nps | grep token | sort -k2\n",
  "  | grep password | head -n 20 \\\n",
  "The columns:\n| password | notes |\n| --- | --- |\n",
  "headers: { authorization: req.headers.authorization }\nAuthorization: config.v1beta1.token\n",
  "| Token | Meaning |\n| --- | --- |\n| `NAME` | a word of the text |\n",
  "Password    The password of the user\nToken       what signs in\n",
  'variable "db_password" {\n  type = string\n}\n',
  'curl -b cookies.txt -b "lang=english" https://x.example',
  'echo "$TOKEN" | gh secret set DEPLOY',
  "docker secret create x ./f && echo done; echo done",
  "echo installing && conda env add foo",
  'echo "Adding DEPLOY_KEY"; gh secret set DEPLOY_KEY < key.pem',
  "echo v1.2.3-build7; the secret settings page",
  "echo v1.2.3-build7 | grep secret settings",
  "echo Building && cat docs/secret settings.md",
  "echo v1.2.3-build7 || gh secret set X",
  "request.Signature=ComputeHmacSha256Signature(key);",
  "a;Signature=ComputeHmac256Signature9b8c7d6e(key);",
  "Signature=base64EncodedSignatureOfBody",
  "x?Signature=base64EncodedSignatureOfBody",
  `Signature=${TOKEN}.length`,
  "| Feature | Password | API key |\n| --- | --- | --- |\n| Length | 12 chars | 32 hex |\n| Expires after | 90 days | 15 minutes |\n",
  "| Step | Secret |\n| --- | --- |\n| Rotate | every 30 days |\n",
  "password    The password of the user\nsha256sum   check of the file\noauth2cb    callback\n",
  "name|type\npassword|TEXT\nsha256sum|TEXT\n",
  "| Key | Note |\n| --- | --- |\n| password | text |\n| sha256sum | text |\n",
  "SECRET             AGE\ndb-creds-7f9k2m    5d\nweb-tls-9x2k7q4m8  5d\n",
  "ps aux | grep password | wc -l\nps aux | head -n 20 | wc -l\ncat a | sort -k2 | uniq -c\n",
  "$ cat users | grep -i password | sort",
  "ps aux | password | wc -l\nps aux | head -n 20 | wc -l\ncat a | sort -k2 | uniq -c\n",
  "bucket,s3_key,next_token\nlogs,2024/05/17/app-7f9k2m4q8x1z.log.gz,none\n",
  "key,token\n1,logs/2024/05/17/app-7f9k2m4q8x1z\n",
  '{"type":"api","key":"anthropic/claude-3-5-sonnet-20241022"}',
  '{"type":"oauth","access":"read2write"}',
  "wget -b --header=X-Id=abc123def https://x.example",
  '{"type":"api","name":"list","key":"createUserSession2FA"}',
  " id | password | email\n----+----------+-------\n  1 | ******** | bob\n(1 row)\n",
  '{"type":"text","key":"aB3xY9kQ2mZ7pL5wQ8rT6vN4"}',
  "rabbitmqctl add_user and then set",
  "SECRET = \\\n  src/gen2/tok3n.c\n",
  "SECRET=\\\n  src/gen2/tok3n.c\n",
  "token = XHeightMMOfScreen\ntoken = XGetWMNormalHints\n",
  "#define PBE_TOKEN LN_id_PasswordBasedMAC\n",
  'token: "pbeWithMD5AndDES-CBC", LN_id_PasswordBasedMAC',
])("and what looks a little like one stays: %s", async (text) => {
  expect(await masked(text)).toBe(text);
});

test("what opencode signs in by is found in data too", async () => {
  const value = {
    anthropic: { type: "oauth", refresh: "x", access: TOKEN, expires: 1 },
    openai: { key: PASSWORD.repeat(2), type: "api" },
    other: { type: "api", key: "anthropic/claude-3-5-sonnet-20241022" },
    third: { type: "oauth", access: "read2write" },
    fifth: { type: "api", name: "list", key: "createUserSession2FA" },
    fourth: { type: "text", key: "aB3xY9kQ2mZ7pL5wQ8rT6vN4" },
  };
  const mask = await maskFor([value], { environment: {} });
  expect(mask(value)).toEqual({
    ...value,
    anthropic: { ...value.anthropic, access: "[masked: access]" },
    openai: { ...value.openai, key: "[masked: key]" },
  });
});

describe("what is masked stays as it is", () => {
  const cell = fc.constantFrom(
    ...[
      "password",
      "passwd",
      "secret",
      "api_key",
      "token",
      "name",
      "kqz74!R",
      "admin",
      "9f8e7d6c5b4a",
      "[masked: Password]",
    ],
    ...[PASSWORD, TOKEN, "", "a b"],
  );
  const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { minLength: 1, maxLength: 5 });

  test.each([
    ["aligned tables", (row: readonly string[]) => row.map((one) => one.padEnd(9)).join("  "), "---------  ---------"],
    ["aligned tables with wide columns", (row: readonly string[]) => row.map((one) => one.padEnd(34)).join(""), "----"],
    ["drawn tables", (row: readonly string[]) => `| ${row.join(" | ")} |`, "| --- | --- |"],
    ["tables with heavy bars", (row: readonly string[]) => `┃ ${row.join(" ┃ ")} ┃`, "┣━━╋━━┫"],
    ["lists", (row: readonly string[]) => row.join("|"), "---"],
    ["comma-separated values", (row: readonly string[]) => row.join(","), ""],
  ])("in %s", async (_, drawn, rule) => {
    await fc.assert(
      fc.asyncProperty(rows, fc.boolean(), async ([head = [], ...rest], isRuled) => {
        const text = [drawn(head), ...(isRuled ? [rule] : []), ...rest.map(drawn)].join("\n");
        const once = await masked(text);
        expect(await masked(once)).toBe(once);
      }),
    );
  });

  test("where a row holds a marker", async () => {
    const once = await masked("passwd   secret\n--------------\nkqz74!R  9f8e7d6c5b4a");
    expect(await masked(once)).toBe(once);
    const text = "name     password\n[masked: Password]  admin";
    expect(await masked(text)).toBe(text);
  });
});
