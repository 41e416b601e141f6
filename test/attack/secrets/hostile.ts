/** Texts that make careless patterns take more than time in proportion to their length. */
export const HOSTILE: readonly (readonly [name: string, text: (length: number) => string])[] = [
  ["password=", (length) => filled("password=", length)],
  ["password= on lines", (length) => filled("password=\n", length)],
  ['"password": "', (length) => filled('"password": "', length)],
  ["passwordpassword", (length) => filled("password", length)],
  ["tokens and words", (length) => filled("token is the ", length)],
  ["double quotes", (length) => filled('"', length)],
  ["single quotes", (length) => filled("'", length)],
  ["backslashes", (length) => filled("\\", length)],
  ["escaped quotes", (length) => filled('\\"password\\": \\"', length)],
  ["base64", (length) => filled("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo", length)],
  ["base64 in lines", (length) => filled(`${"QUJD".repeat(19)}\n`, length)],
  ["one letter", (length) => filled("a", length)],
  ["blanks", (length) => filled(" ", length)],
  ["line breaks", (length) => filled("\n", length)],
  ["beginnings of keys", (length) => filled("-----BEGIN PRIVATE KEY-----\n", length)],
  ["beginnings without ends", (length) => filled("-----BEGIN", length)],
  ["addresses", (length) => filled("postgres://a:b@", length)],
  ["an address that goes on", (length) => `https://a:${filled("b@", length)}`],
  ["percent signs", (length) => filled("%20", length)],
  ["percent signs encoded often", (length) => filled("%252525", length)],
  ["commands", (length) => filled("curl -u a:b ", length)],
  ["commands without a line break", (length) => filled("mysql -p", length)],
  ["pairs", (length) => filled('name: "PASSWORD",\n type: ', length)],
  ["connection strings", (length) => filled("Server=a;Password=", length)],
  ["Kubernetes Secrets", (length) => filled("kind: Secret\ndata:\n", length)],
  ["web keys", (length) => filled('"kty" "d":"', length)],
  ["tags", (length) => filled("<password>", length)],
  ["cookies", (length) => filled("Cookie: a=b; ", length)],
  ["beginnings of JWTs", (length) => filled("eyJhbGciOi.", length)],
  ["beginnings of tokens", (length) => filled("sk-proj- ghp_ glpat- xoxb-\n", length)],
  ["different passwords", (length) => numbered((n) => `DB_PASSWORD=q${n}w${n * 7}e\n`, length)],
  ["different tokens", (length) => numbered((n) => `DEPLOY_TOKEN=aB${n}cD${n * 31}eF${n * 17}gH\n`, length)],
  ["passwords that begin alike", (length) => numbered((n) => `DB_PASSWORD=${"aB3".repeat(20)}${n}\n`, length)],
  ["heads of files", (length) => filled("9f8e7d6c5b4a39281706f5e4d3c2_token,token\n", length)],
  ["heads of drawn tables", (length) => filled("\ntoken|b\n", length)],
  ["heads of aligned tables", (length) => filled("---\ntoken  b\n", length)],
  ["cells of quotes", (length) => `token,b\n${filled(`${'" '.repeat(950)}""x,1\n`, length)}`],
  ["blanks around heads", (length) => filled(`${" ".repeat(60)}token|${" ".repeat(200)}!\n`, length)],
  ["digits between dots", (length) => filled(`password = x.b${"1".repeat(700)}${"a".repeat(1_280)}\n`, length)],
  ["fields before a value", (length) => filled(`"name": "token" ${`Type: ${" ".repeat(40)}`.repeat(4)}\n`, length)],
  ["numbers of lines before a value", (length) => filled(`"name": "token"${"\n\n\n\n1|".repeat(30)}x\n`, length)],
  ["ways to sign in", (length) => filled('"type":"api","key":"', length)],
  ["what is piped", (length) => filled(`echo ${"x".repeat(190)}|secret set `, length)],
  ["signatures", (length) => filled(`?Signature=${"a%".repeat(2_000)}(`, length)],
];

function filled(part: string, length: number): string {
  return part.repeat(Math.ceil(length / part.length)).slice(0, length);
}

function numbered(part: (n: number) => string, length: number): string {
  const parts: string[] = [];
  let size = 0;
  for (let n = 1; size < length; n += 1) {
    const one = part(n);
    parts.push(one);
    size += one.length;
  }
  return parts.join("");
}
