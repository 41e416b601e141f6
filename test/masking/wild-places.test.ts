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
      `Username    Password         Role\nbob         ${PASSWORD}  admin\n`,
    ],
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
    ["in what it signs in by", TOKEN, `{"anthropic":{"type":"oauth","refresh":"x","access":"${TOKEN}","expires":1}}`],
    ["as what is put into a store of secrets", TOKEN, `echo "${TOKEN}" | gh secret set DEPLOY\n`],
    ["behind a format", TOKEN, `printf '%s' '${TOKEN}' | vercel env add NAME production\n`],
    ["as an argument without a flag", PASSWORD, `rabbitmqctl add_user bob ${PASSWORD}\n`],
    ["as a cookie of a command", TOKEN, `curl -b "session=${TOKEN}" https://x.example\n`],
    ["behind an emphasised name", PASSWORD, `**Password:** ${PASSWORD}\n`],
    ["behind a continued line", TOKEN, `api.token=\\\n  ${TOKEN}\n`],
    ["as a signature of an address", TOKEN, `https://b.example/o?Expires=1&Signature=${TOKEN}%3D\n`],
    ["of letters alone", LETTERS, `const vercelToken = '${LETTERS}';\n`],
    ["of letters alone behind a prefix", "glpat-HoEXbrvnMSPtdoFJaoZw", "GITLAB_TOKEN=glpat-HoEXbrvnMSPtdoFJaoZw\n"],
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
  "| Token | Meaning |\n| --- | --- |\n| `NAME` | a word of the text |\n",
  "Password    The password of the user\nToken       what signs in\n",
  'variable "db_password" {\n  type = string\n}\n',
  'curl -b cookies.txt -b "lang=english" https://x.example',
  'echo "$TOKEN" | gh secret set DEPLOY',
])("and what looks a little like one stays: %s", async (text) => {
  expect(await masked(text)).toBe(text);
});
