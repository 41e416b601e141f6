import { credentialsOf } from "./header-values.js";
import { matchOf, type SecretMatch } from "./secret-match.js";
import { type ValueStrength, valueStrength } from "./secret-values.js";

/** An argument of a command, in quotes or not. */
const ARGUMENT = `(?:"([^"\\n]{1,200})"|'([^'\\n]{1,200})'|([^\\s"'\`;|&<>]{1,200}))`;

/** What writes an argument. */
const WRITTEN = `(?:echo|printf)\\s{1,4}(?:-\\w\\s{1,4})?(?:["']?%s(?:\\\\n)?["']?\\s{1,4})?${ARGUMENT}`;

/** What puts its standard input into a store of secrets. */
const STORES = "\\b(?:secrets? (?:put|set|add|create)|env add)(?![\\w-])";

interface Command {
  /** The words that a line is looked at for. */
  readonly words: readonly string[];
  readonly patterns: readonly RegExp[];
  /** What stands between a user and the password, where both are one argument. */
  readonly separator?: string;
  /** Whether the arguments are cookies, each with its name. */
  readonly hasCookies?: boolean;
  /** How strong a value must be; default 1. */
  readonly least?: ValueStrength;
}

function argumentOf(flags: string): RegExp {
  return new RegExp(`(?:^|[\\s"'])(?:${flags})${ARGUMENT}`, "dg");
}

const COMMANDS: readonly Command[] = [
  {
    words: ["curl", "wget", "http ", "https ", "xh ", "curlie"],
    patterns: [
      argumentOf("(?:-[a-zA-Z]{0,4}u|--user|-U|--proxy-user|-a|--auth|--creds)(?:=|\\s{0,4})"),
      argumentOf("[\"']?(?:-u|--user)[\"'],\\s{0,4}"),
    ],
    separator: ":",
  },
  {
    words: ["mysql", "mariadb", "mycli", "innobackupex", "xtrabackup"],
    patterns: [argumentOf("-p(?!\\s|rotocol|ort|ager|lugin|rint)")],
  },
  { words: ["sshpass"], patterns: [argumentOf("-p\\s{0,4}")] },
  { words: ["redis-cli", "keydb-cli", "valkey-cli"], patterns: [argumentOf("(?:-a|--pass)(?:=|\\s{1,4})")] },
  { words: [" login"], patterns: [argumentOf("(?:-p|-P|--pat)(?:=|\\s{1,4})")] },
  {
    words: ["skopeo", "buildah", "podman", "crane", "regctl", "oras "],
    patterns: [argumentOf("(?:--creds|--src-creds|--dest-creds)(?:=|\\s{1,4})")],
    separator: ":",
  },
  {
    words: [
      "mongo",
      "influx",
      "rabbitmqadmin",
      "clickhouse-client",
      "cqlsh",
      "xfreerdp",
      "rdesktop",
      "psexec",
      "grafana-cli",
    ],
    patterns: [argumentOf("(?:-p|/p:)\\s{0,4}")],
  },
  {
    words: ["mosquitto_", "sqlcmd", "bcp ", "isql", "ipmitool", "zip ", "unzip", "tsql", "ssh-keygen"],
    patterns: [argumentOf("(?:-P|-N)\\s{0,4}")],
  },
  { words: ["7z ", "7za ", "rar "], patterns: [argumentOf("-p(?=\\S)")] },
  { words: ["ldap"], patterns: [argumentOf("-w\\s{0,4}")] },
  {
    words: ["smbclient", "rpcclient", "crackmapexec", "smbmap"],
    patterns: [argumentOf("(?:-U|--user)(?:=|\\s{0,4})")],
    separator: "%",
  },
  { words: ["lftp"], patterns: [argumentOf("-u\\s{0,4}")], separator: "," },
  {
    words: ["sqlplus", "expdp", "impdp", "sqlldr", "rman target"],
    patterns: [
      new RegExp(
        `(?:sqlplus|expdp|impdp|sqlldr|target)\\s{1,4}(?:-\\w{1,4}\\s{1,4}){0,3}(?=["']?\\w{1,40}/)${ARGUMENT}`,
        "dg",
      ),
    ],
    separator: "/",
  },
  { words: ["pass:"], patterns: [new RegExp(`(?:^|[\\s"'/])pass:${ARGUMENT}`, "dg")] },
  { words: ["openssl enc", "openssl aes"], patterns: [argumentOf("-k\\s{1,4}")] },
  { words: ["snmp"], patterns: [argumentOf("-[AX]\\s{1,4}")] },
  {
    words: ["ConvertTo-SecureString"],
    patterns: [new RegExp(`ConvertTo-SecureString\\s{1,4}(?:-String\\s{1,4})?${ARGUMENT}`, "dg")],
  },
  {
    words: ["IDENTIFIED", "identified"],
    patterns: [
      /identified\s{1,4}(?:with\s{1,4}\w{1,40}\s{1,4})?(?:by|as)\s{1,4}(?:password\s{1,4})?(?:"([^"\n]{1,200})"|'([^'\n]{1,200})')/dgi,
    ],
  },
  {
    words: ["SET PASSWORD", "set password"],
    patterns: [/set password (?:for [^\n=]{1,80} ?)?= ?'([^'\n]{1,200})'/dgi],
  },
  {
    words: ["htpasswd"],
    patterns: [
      new RegExp(
        `htpasswd\\s{1,4}-\\w{0,6}b\\w{0,6}(?:\\s{1,4}-\\w{1,4})*\\s{1,4}(?:\\S{1,120}\\s{1,4})?\\S{1,60}\\s{1,4}${ARGUMENT}(?=[\\s<&]|$)`,
        "dg",
      ),
    ],
  },
  { words: ["nmcli", "iwctl"], patterns: [argumentOf("(?:password|--passphrase)\\s{1,4}")] },
  {
    words: ["cmdkey", "schtasks", "runas", "net use"],
    patterns: [argumentOf("/(?:pass|rp|p|pw):"), new RegExp(`/user:\\S{1,60}\\s{1,4}${ARGUMENT}`, "dg")],
  },
  {
    words: ["mc alias set", "mc config host add"],
    patterns: [new RegExp(`\\shttps?://\\S{1,200}\\s{1,4}\\S{1,100}\\s{1,4}${ARGUMENT}`, "dg")],
  },
  { words: ["chpasswd"], patterns: [new RegExp(`echo\\s{1,4}(?:-\\w\\s{1,4})?${ARGUMENT}`, "dg")], separator: ":" },
  {
    words: ["--password-stdin", "sudo -S", "--stdin", "--with-token"],
    patterns: [new RegExp(WRITTEN, "dg"), new RegExp(`<<<\\s{0,4}${ARGUMENT}`, "dg")],
  },
  {
    words: ["secret put", "secret set", "secrets set", "secret add", "secrets add", "secret create", "env add"],
    patterns: [
      // Nothing but what is piped into it: other commands of the line write what they like.
      new RegExp(`\\b${WRITTEN}\\s{0,4}\\|\\s{0,4}[^\\n|;&<>]{0,120}?${STORES}`, "dg"),
      new RegExp(`${STORES}[^\\n|;&<>]{0,120}<<<\\s{0,4}${ARGUMENT}`, "dg"),
    ],
    least: 2,
  },
  {
    words: ["rabbitmqctl"],
    patterns: [new RegExp(`(?:add_user|change_password)\\s{1,4}\\S{1,60}\\s{1,4}${ARGUMENT}`, "dg")],
    least: 2,
  },
  {
    words: ["curl", "curlie"],
    patterns: [argumentOf("(?:-b|--cookie)(?:=|\\s{1,4})")],
    hasCookies: true,
  },
  {
    words: ["sendline", 'send "'],
    patterns: [new RegExp(`(?:ssword|sphrase)[^\\n]{0,40}send(?:line)?[ (]{1,4}${ARGUMENT}`, "dg")],
  },
];

const LONGEST_LINE = 1_000;

/** The words by which commands are known. */
export const COMMAND_WORDS: readonly string[] = COMMANDS.flatMap(({ words }) => words);

/** By the first three characters of a word, the commands that are called so. */
const byStart = new Map<number, { readonly word: string; readonly command: Command }[]>();
for (const command of COMMANDS) {
  for (const word of command.words) {
    const start = startAt(word, 0);
    byStart.set(start, [...(byStart.get(start) ?? []), { word, command }]);
  }
}

/** One number for three characters. */
function startAt(text: string, at: number): number {
  return ((text.charCodeAt(at) << 16) ^ (text.charCodeAt(at + 1) << 8) ^ text.charCodeAt(at + 2)) & 0x3fff_ffff;
}

const NONE: readonly never[] = [];

/**
 * Passwords among the arguments of commands: `curl -u user:…`, `mysql -p…`, `sshpass -p …`.
 *
 * @param places where the words of commands may stand, ascending
 */
export function findInCommands(text: string, places: readonly number[]): readonly SecretMatch[] {
  const found: SecretMatch[] = [];
  const done = new Map<Command, number>();
  for (const at of places) {
    for (const { word, command } of byStart.get(startAt(text, at)) ?? NONE) {
      const next = done.get(command) ?? 0;
      // A part of a longer word is no command.
      if (at < next || !text.startsWith(word, at)) continue;
      if (/^\w/.test(word) && /[\w-]/.test(text.charAt(at - 1))) continue;
      const from = Math.max(next, lineStart(text, at));
      const to = lineEnd(text, at);
      found.push(...inLine(text.slice(from, to), from, command));
      done.set(command, to);
    }
  }
  return found;
}

function lineStart(text: string, at: number): number {
  let from = at;
  while (from > 0 && at - from < LONGEST_LINE / 2 && text[from - 1] !== "\n") from -= 1;
  return from;
}

/** A line goes on behind a backslash. */
function lineEnd(text: string, at: number): number {
  let to = at;
  while (to < text.length && to - at < LONGEST_LINE && (text[to] !== "\n" || text[to - 1] === "\\")) to += 1;
  return Math.max(to, at + 1);
}

function inLine(line: string, start: number, command: Command): readonly SecretMatch[] {
  const { patterns, separator, hasCookies = false, least = 1 } = command;
  return patterns.flatMap((pattern) =>
    [...line.matchAll(pattern)].flatMap((match): SecretMatch[] => {
      const span = match.indices?.slice(1).find((each) => each !== undefined);
      if (!span) return [];
      const [from, to] = span;
      const argument = line.slice(from, to);
      if (hasCookies) {
        return credentialsOf(argument, 0, true).map((own) =>
          matchOf(start + from + own.from, argument.slice(own.from, own.to), "cookie", start + match.index),
        );
      }
      const split = separator === undefined ? -1 : argument.indexOf(separator);
      if (separator !== undefined && (split < 0 || argument.includes("://"))) return [];
      let password = argument.slice(split + 1);
      // sqlplus user/password@host
      if (separator === "/") password = /^\//.test(argument) ? "" : password.replace(/@[^@]*$/, "");
      if (valueStrength(password) < least || password.startsWith("-")) return [];
      return [matchOf(start + from + split + 1, password, "password", start + match.index)];
    }),
  );
}
