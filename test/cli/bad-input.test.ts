import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CliResult, looptrace } from "../support/cli.js";
import { loadFixture } from "../support/fixtures.js";

let folder: string;
let env: Record<string, string>;

/** The settings files that no command goes on with. */
const CONFIGS = {
  "not-json": "{ nonsense",
  misspelt: '{"modle":"a/b"}',
  "no-model": '{"model":"gpt"}',
  "wrong-kind": '{"tags":"nightly","timeout":"soon"}',
};

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "bad-input-")));
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  const { text } = loadFixture("plain-answer@1.18.33");
  const { info, messages } = JSON.parse(text);
  await write("good.json", text);
  await write("cut.json", text.slice(0, 1200));
  await write("empty.json", "");
  await write("schema.json", "{}");
  await write("words.txt", "Hello \u001b[31mthere");
  await write("escape.json", '{"info": \u001b]0;title\u0007\u009b2J}');
  await write("list.json", "[]");
  await write("manifest.json", '{"name":"somebody"}');
  await write("no-prompt.json", JSON.stringify({ info, messages: [] }));
  await write("no-answer.json", JSON.stringify({ info, messages: messages.slice(0, 1) }));
  for (const [name, config] of Object.entries(CONFIGS)) {
    await mkdir(join(folder, name));
    await write(join(name, "looptrace.config.json"), config);
  }
  await mkdir(join(folder, "folder"));
  // Leaves a sign when it is to work: what is wrong with the input is to be found out before. A server that is started
  // early, while the command line is looked at, has no work yet; where it comes to work, `opencode run` follows one
  // that does not start.
  await write(
    "opencode",
    `#!/bin/sh\n[ "$1" = --version ] && echo 1.18.33 && exit 0\n[ "$1" = serve ] && exit 9\ntouch '${folder}/started'\nexit 9\n`,
  );
  await chmod(join(folder, "opencode"), 0o755);
  env = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    LOOPTRACE_HOME: join(folder, "store"),
    LOOPTRACE_OPENCODE: join(folder, "opencode"),
  };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Case {
  readonly argv: readonly string[];
  /** What stands on stderr, whole; `<folder>` is the test's folder. */
  readonly says: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Below the test's folder. */
  readonly cwd?: string;
  readonly stdin?: string;
}

async function say({ argv, cwd = ".", stdin = "", ...rest }: Omit<Case, "says">): Promise<CliResult> {
  const inFolder = (text: string): string => text.replaceAll("<folder>", folder);
  const more = Object.fromEntries(Object.entries(rest.env ?? {}).map(([key, value]) => [key, inFolder(value)]));
  const around = { env: { ...env, ...more }, cwd: join(folder, cwd), stdin };
  const { code, stdout, stderr } = await looptrace(argv, around);
  return { code, stdout, stderr: stderr.replaceAll(folder, "<folder>") };
}

/** Exit code 2, nothing on stdout, exactly this on stderr, and opencode was not started. */
function refuses(cases: Readonly<Record<string, Case>>): void {
  test.each(Object.entries(cases))("%s", async (_, { says, ...input }) => {
    expect(await say(input)).toEqual({ code: 2, stdout: "", stderr: says });
    await expect(readFile(join(folder, "started"))).rejects.toThrow("ENOENT");
  });
}

const KEYS = { LANGFUSE_PUBLIC_KEY: "pk-lf-1", LANGFUSE_SECRET_KEY: "sk-lf-1" };
const HELP = "(--help shows how)\n";
const NOT_AN_EXPORT =
  'this is JSON, but not an opencode export: an export is an object with "info" and "messages". Make one with `opencode export <session> > file.json`, in opencode 2 with `opencode session export <session> > file.json`.\n';
const WHICH =
  "looptrace: Which session is not said.\nName it by its id, a word of its title or its number in `looptrace ls`, name export files or - for standard input, or say --last.\n";
const EMPTY =
  "the export is empty. opencode prints nothing when it does not know the session; `opencode session list` shows the ids.\n";
const INSTALL =
  "Install it with `npm install -g opencode-ai` (opencode 2 with `npm install -g @opencode/cli`), or name one with --opencode <path> or LOOPTRACE_OPENCODE.\n";
const ENVIRONMENT =
  '"Prod!": Langfuse would silently store that as "default".\nIt must be 1 to 40 of a-z, 0-9, - and _, and must not begin with langfuse, such as staging.\n';
const UNKNOWN_ID = "ses_00000000000000000000000000";

describe("an export that is none", () => {
  refuses({
    "that is not there": {
      argv: ["show", "absent.json"],
      says: "looptrace: absent.json: there is no such file, and it is not a session's id (ses_…) either.\n",
    },
    "that is a folder": {
      argv: ["trace", "folder"],
      says: "looptrace: folder: this is a folder. Name the export files in it.\n",
    },
    "that is no JSON": {
      argv: ["show", "words.txt"],
      says: 'looptrace: words.txt: this is not JSON (it starts with "Hello \\u001b[31mthere"), so not an opencode export.\n',
    },
    "that is a JSON list": { argv: ["show", "list.json"], says: `looptrace: list.json: ${NOT_AN_EXPORT}` },
    "that is other JSON": {
      argv: ["trace", "manifest.json"],
      says: `looptrace: manifest.json: ${NOT_AN_EXPORT}`,
    },
    "that is cut off": {
      argv: ["show", "cut.json"],
      says: "looptrace: cut.json: the JSON is cut off after 1200 characters. opencode loses the end of an export that goes into a pipe, often all behind the first 64 KiB; write it to a file instead: `opencode export <session> > file.json`.\n",
    },
    "that is empty": { argv: ["show", "empty.json"], says: `looptrace: empty.json: ${EMPTY}` },
    "that is empty on standard input": { argv: ["trace", "-"], says: `looptrace: -: ${EMPTY}` },
    "one bad file among good ones": {
      argv: ["show", "good.json", "empty.json"],
      says: `looptrace: empty.json: ${EMPTY}`,
    },
  });

  test("what is quoted from a file cannot steer the terminal", async () => {
    const { code, stderr } = await say({ argv: ["show", "escape.json"] });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^looptrace: escape\.json: this is not valid JSON: .*\.\n$/);
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});

describe("an export with nothing in it", () => {
  test("without a prompt there is nothing to show, and no failure", async () => {
    expect(await say({ argv: ["show", "no-prompt.json"] })).toEqual({
      code: 0,
      stdout: "",
      stderr: "The session holds no prompt yet: there is nothing to show.\n",
    });
    expect(JSON.parse((await say({ argv: ["show", "no-prompt.json", "--json"] })).stdout)).toEqual([]);
  });

  test("a message that nothing answers is told of as what it is", async () => {
    const { code, stdout, stderr } = await say({ argv: ["show", "no-answer.json"] });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("No model answered this message");
    expect(stdout).toContain("0 steps, 0 calls, 0 tools");
    const check = await say({ argv: ["check", "no-answer.json", "--no-errors", "--json"] });
    expect([check.code, JSON.parse(check.stdout).sessions[0].results]).toEqual([
      1,
      [expect.objectContaining({ status: "unknown", note: "nothing tells what became of 1 message" })],
    ]);
  });
});

describe("sources that do not make sense", () => {
  refuses({
    "none for export": { argv: ["export", "--format", "atif"], says: WHICH },
    "none for trace": { argv: ["trace"], says: WHICH },
    "a file and --last": {
      argv: ["show", "good.json", "--last"],
      says: "looptrace: Sessions are named, and chosen by a flag too.\nName them, or say --last, --all, --since, --project or --pick.\n",
    },
    "--last and --all": {
      argv: ["trace", "--last", "--all"],
      says: "looptrace: Several flags choose sessions.\nSay one of --last, --all, --since and --pick; --project goes with --all and --since.\n",
    },
    "--since some day": {
      argv: ["trace", "--since", "soon"],
      says: 'looptrace: --since "soon": this is neither a duration nor a date.\nSay a duration such as 7d or 12h, or a date such as 2026-11-01 or 2026-11-01T14:30.\n',
    },
    "a width that nothing fits into": {
      argv: ["show", "good.json", "--width", "5"],
      says: `looptrace: --width 5: Give a number of columns, 20 or more.\n${HELP}`,
    },
  });
});

describe("looptrace's folder is a file", () => {
  const because = "it is a file, not a folder.\nMend that, or name another folder by LOOPTRACE_HOME.\n";
  const says = `looptrace: looptrace's own folder <folder>/good.json cannot be read: ${because}`;
  const env = { LOOPTRACE_HOME: "<folder>/good.json" };
  const nothing = { ...env, LOOPTRACE_OPENCODE: "", PATH: "<folder>/folder" };
  refuses({
    "for a list": { argv: ["ls"], env, says },
    "for one that opencode is asked for": { argv: ["ls", "--all"], env, says },
    "for figures": { argv: ["stats"], env, says },
    "for an overview": { argv: [], env, says },
    "for one by its number": { argv: ["show", "1"], env, says },
    "for one by its title": { argv: ["show", "listens"], env, says },
    "for the last one, without opencode": { argv: ["show"], env: nothing, says },
    "for the last two": { argv: ["diff"], env, says },
    "for all of a project, without opencode": { argv: ["tokens", "--all"], env: nothing, says },
    "where it should be in it": {
      argv: ["ls"],
      env: { LOOPTRACE_HOME: "<folder>/good.json/store" },
      says: says
        .replace("good.json cannot", "good.json/store cannot")
        .replace("it is a file", "<folder>/good.json is a file"),
    },
  });
});

describe("an opencode that cannot be started", () => {
  const says = `looptrace: The opencode that LOOPTRACE_OPENCODE names cannot be started:\n  - <folder>/nowhere: does not exist\n${INSTALL}`;
  const nowhere = { LOOPTRACE_OPENCODE: "<folder>/nowhere" };
  refuses({
    "for run": { argv: ["run", "hi"], env: nowhere, says },
    "for an id": { argv: ["show", UNKNOWN_ID], env: nowhere, says },
    "for --last": { argv: ["trace", "--last"], env: nowhere, says },
    "for --last, where looptrace's folder is a file": {
      argv: ["show", "--last"],
      env: { ...nowhere, LOOPTRACE_HOME: "<folder>/good.json" },
      says,
    },
    "for an id, where looptrace's folder is a file": {
      argv: ["show", UNKNOWN_ID],
      env: { ...nowhere, LOOPTRACE_HOME: "<folder>/good.json" },
      says,
    },
    "named by option, relative to the working directory": {
      argv: ["run", "hi", "--opencode", "folder"],
      says: `looptrace: The opencode that --opencode, or "opencode" in looptrace.config.json or in the call, names cannot be started:\n  - <folder>/folder: is not a file\n${INSTALL}`,
    },
  });
});

describe("a run that cannot be meant", () => {
  const sayIt = 'Say what to do: looptrace run "Fix the failing test", or pipe it in: looptrace run -';
  const pipeIt = "For a message that begins with a hyphen pipe it in: echo '-x …' | looptrace run -";
  const duration = "Say 10s, 10m or 10h; units are ms, s, m, h, d, w.";
  refuses({
    "no message": { argv: ["run"], says: `looptrace: no message.\n${sayIt}\n${HELP}` },
    "a message of white space": {
      argv: ["run", " "],
      says: "looptrace: the message is empty. Say what to do.\n",
    },
    "nothing on standard input": {
      argv: ["run", "-"],
      says: "looptrace: the message is empty. Say what to do.\n",
    },
    "a misspelt option": {
      argv: ["run", "--modle", "hi"],
      says: `looptrace: --modle: there is no such option.\nDid you mean --model? ${pipeIt}\n${HELP}`,
    },
    "a folder that is not there": {
      argv: ["run", "hi", "--dir", "nowhere"],
      says: "looptrace: --dir nowhere: no such directory (<folder>/nowhere).\n",
    },
    "a folder that is a file": {
      argv: ["run", "hi", "--dir", "good.json"],
      says: "looptrace: --dir good.json: this is a file, not a directory (<folder>/good.json).\n",
    },
    "a model without provider": {
      argv: ["run", "hi", "--model", "gpt"],
      says: 'looptrace: --model: "gpt" is not of the form provider/model, for instance anthropic/claude-sonnet-4-6. `opencode models` lists them.\n',
    },
    "a deadline that is no duration": {
      argv: ["run", "hi", "--timeout", "soon"],
      says: `looptrace: --timeout soon: this is no duration.\n${duration}\n${HELP}`,
    },
    "a deadline at once": {
      argv: ["run", "hi", "--timeout", "0"],
      says: `looptrace: --timeout 0: it has to be above 0.\n${duration}\n${HELP}`,
    },
    "a file that is not there": {
      argv: ["run", "hi", "--file", "b"],
      says: "looptrace: --file b: no such file (<folder>/b).\n",
    },
    "a session and the last one": {
      argv: ["run", "hi", "--session", UNKNOWN_ID, "--continue"],
      says: "looptrace: --session cannot be named when the last session is to be continued: choose one.\n",
    },
    "a copy of nothing": {
      argv: ["run", "hi", "--fork"],
      says: "looptrace: --fork needs the session to copy.\nName it (--session, in the library `session`), or continue the last one (--continue, `continueLast`).\n",
    },
    "a session's id that is none": {
      argv: ["run", "hi", "-s", "yesterday"],
      says: "looptrace: yesterday: no kept session has it at the beginning of its id (ses_…) or in its title.\n`looptrace ls` lists them; `looptrace ls --grep yesterday` searches their texts.\n",
    },
    "sending while it runs, without a server": {
      argv: ["run", "hi", "--live", "--driver", "cli"],
      env: KEYS,
      says: "looptrace: --live needs the driver server: `opencode run` cannot be followed so closely.\n",
    },
    "a structured answer without a server": {
      argv: ["run", "hi", "--schema", "schema.json", "--driver", "cli"],
      says: "looptrace: --schema needs the driver server: `opencode run` has no way to say it.\n",
    },
    "a schema that is no JSON": {
      argv: ["run", "hi", "--schema", "words.txt"],
      says: 'looptrace: --schema words.txt is not valid JSON: unexpected "H" in line 1, column 1.\n',
    },
    "a structured answer, and opencode's own arguments": {
      argv: ["run", "hi", "--schema", "schema.json", "--", "--share"],
      says: "looptrace: --schema needs the driver server, and extra arguments are for `opencode run`.\n",
    },
    "a server, and opencode's own arguments": {
      argv: ["run", "hi", "--driver", "server", "--", "--share"],
      says: "looptrace: the arguments behind -- are for the driver cli, `opencode run`.\n",
    },
    "a system prompt without a word": {
      argv: ["run", "hi", "--system-file", "empty.json"],
      says: "looptrace: --system-file empty.json is empty.\nLeave it out to keep the agent's own.\n",
    },
    "two system prompts": {
      argv: ["run", "hi", "--system", "a", "--system-file", "b"],
      says: "looptrace: --system and --system-file both give the system prompt.\nLeave one of them out.\n",
    },
    "a system prompt that is not there": {
      argv: ["run", "hi", "--system-file", "b"],
      says: "looptrace: --system-file b: no such file (<folder>/b).\n",
    },
    "a folder for transcripts that is a file": {
      argv: ["run", "hi", "--log-dir", "good.json"],
      says: "looptrace: --log-dir <folder>/good.json cannot be made: a file stands where a folder should be.\n",
    },
    "an MCP server without address": {
      argv: ["run", "hi", "--mcp", "tickets"],
      says: 'looptrace: --mcp takes name=url, not "tickets".\n',
    },
    "an MCP server that is not on the web": {
      argv: ["run", "hi", "--mcp", "tickets=ftp://x"],
      says: 'looptrace: --mcp: tickets: "ftp://x" is not an http or https URL.\n',
    },
    "a header for no MCP server": {
      argv: ["run", "hi", "--mcp-header", "tickets=a:b"],
      says: 'looptrace: --mcp-header names the server "tickets", but no --mcp does.\n',
    },
    "a header that is none": {
      argv: ["run", "hi", "--mcp-header", "tickets"],
      says: "looptrace: --mcp-header takes server=Header:value, for instance tickets=Authorization:Bearer…\n",
    },
  });
});

describe("settings that cannot be used", () => {
  const both = (missing: string, set: string): string =>
    `looptrace: ${missing} missing: ${set} is set, but Langfuse needs both keys. Copy them from the project's settings (API keys), or unset ${set} to keep traces on this machine.\n`;
  const begins = "is not an address: it must begin with http:// or https://, for instance";
  const address = `${begins} https://cloud.langfuse.com or http://127.0.0.1:3000.\n`;
  refuses({
    "an environment by option": {
      argv: ["run", "hi", "--environment", "Prod!"],
      says: `looptrace: --environment ${ENVIRONMENT}`,
    },
    "an environment by variable": {
      argv: ["trace", "good.json"],
      env: { LANGFUSE_TRACING_ENVIRONMENT: "Prod!" },
      says: `looptrace: LANGFUSE_TRACING_ENVIRONMENT ${ENVIRONMENT}`,
    },
    "metadata without a key": {
      argv: ["run", "hi", "--metadata", "x"],
      says: 'looptrace: --metadata "x": there is no = in it.\nSay key=value, such as ticket=42.\n',
    },
    "a public key alone": {
      argv: ["run", "hi"],
      env: { LANGFUSE_PUBLIC_KEY: "pk-lf-1" },
      says: both("LANGFUSE_SECRET_KEY", "LANGFUSE_PUBLIC_KEY"),
    },
    "a secret key alone": {
      argv: ["trace", "good.json"],
      env: { LANGFUSE_SECRET_KEY: "sk-lf-1" },
      says: both("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY"),
    },
    "a Langfuse without scheme": {
      argv: ["run", "hi"],
      env: { ...KEYS, LANGFUSE_BASE_URL: "cloud" },
      says: `looptrace: LANGFUSE_BASE_URL ${address}`,
    },
    "an OTLP endpoint without scheme": {
      argv: ["push"],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
      says: `looptrace: OTEL_EXPORTER_OTLP_ENDPOINT ${begins} http://collector:4318.\n`,
    },
    "resource attributes that are not encoded": {
      argv: ["run", "hi"],
      env: { OTEL_RESOURCE_ATTRIBUTES: "a=%zz" },
      says: "looptrace: OTEL_RESOURCE_ATTRIBUTES: the value of a is not percent-encoded.\nWrite key=value,key=value, and a % in a value as %25.\n",
    },
    "a settings file with a model that is none": {
      argv: ["run", "hi"],
      cwd: "no-model",
      says: 'looptrace: in looptrace.config.json: model: "gpt" is not of the form provider/model, for instance anthropic/claude-sonnet-4-6. `opencode models` lists them.\n',
    },
    "a settings file with a misspelt setting": {
      argv: ["run", "hi"],
      cwd: "misspelt",
      says: 'looptrace: <folder>/misspelt/looptrace.config.json cannot be used:\n  there is no setting "modle"; did you mean "model"?\nMend it there; docs/configuration.md of looptrace has all settings.\n',
    },
    "a settings file with values of another kind": {
      argv: ["trace", "../good.json"],
      cwd: "wrong-kind",
      says: 'looptrace: <folder>/wrong-kind/looptrace.config.json cannot be used:\n  timeout must be a duration such as "10m"\n  tags must be a list in [ ]\nMend it there; docs/configuration.md of looptrace has all settings.\n',
    },
  });

  test("a settings file that is no JSON", async () => {
    const { code, stderr } = await say({ argv: ["run", "hi"], cwd: "not-json" });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^looptrace: <folder>\/not-json\/looptrace\.config\.json is not valid JSON: .+\.\nMend it there; .+\n$/,
    );
  });
});

describe("command lines that are none", () => {
  refuses({
    "an unknown command": {
      argv: ["trcae"],
      says: `looptrace: trcae: there is no such command.\nDid you mean trace?\n${HELP}`,
    },
    "a command that another one has": {
      argv: ["stop"],
      says: `looptrace: stop: there is no such command.\nDid you mean server stop?\n${HELP}`,
    },
    "help for a command that another one has": {
      argv: ["help", "install"],
      says: `looptrace: install: there is no such command.\nDid you mean wire install?\n${HELP}`,
    },
    "a misspelt command below another one": {
      argv: ["server", "stp", "3f9a2c1b"],
      says: `looptrace: server stp: there is no such command.\nDid you mean stop?\n${HELP}`,
    },
    "an unknown command below another one": {
      argv: ["server", "--json", "list"],
      says: `looptrace: server list: there is no such command.\nSay looptrace server or looptrace server stop.\n${HELP}`,
    },
    "what a terminal obeys, as a command": {
      argv: ["\u001b[2J"],
      says: `looptrace: "\\u001b[2J": there is no such command.\n${HELP}`,
    },
    "the same below another one": {
      argv: ["server", "\u001b[2J"],
      says: `looptrace: server "\\u001b[2J": there is no such command.\nSay looptrace server or looptrace server stop.\n${HELP}`,
    },
    "help for what is no command": {
      argv: ["help", "shwo"],
      says: `looptrace: shwo: there is no such command.\nDid you mean show?\n${HELP}`,
    },
    "a duration without a unit": {
      argv: ["show", "--slow", "5"],
      says: `looptrace: --slow 5: the unit is missing.\nSay 5ms, 5s or 5m; units are ms, s, m, h, d, w.\n${HELP}`,
    },
    "a shell that there is no script for": {
      argv: ["completion", "tcsh"],
      says: `looptrace: tcsh: there is no such shell here.\nSay bash, zsh or fish.\n${HELP}`,
    },
    "what other commands call the last session": {
      argv: ["run", "--last", "Go on"],
      says: `looptrace: --last: there is no such option.\nDid you mean --continue? For a message that begins with a hyphen pipe it in: echo '-x …' | looptrace run -\n${HELP}`,
    },
    "a time back from now without a unit": {
      argv: ["ls", "--since", "7"],
      says: "looptrace: --since 7: the unit is missing.\nSay 7h, 7d or 7w; units are ms, s, m, h, d, w.\n",
    },
    "an outcome that nothing has": {
      argv: ["stats", "--outcome", "complet"],
      says: `looptrace: --outcome complet: there is no such outcome.\nDid you mean completed? Give completed, failed, unfinished or an error's code such as rate_limit.\n${HELP}`,
    },
    "an option whose shell variable was not set": {
      argv: ["trace", "--last", "--user", ""],
      says: `looptrace: --user "": It is empty.\nIs a variable not set?\n${HELP}`,
    },
    "one of several such values": {
      argv: ["trace", "--last", "--tag", "a", "--tag", " "],
      says: `looptrace: --tag " ": It is empty.\nIs a variable not set?\n${HELP}`,
    },
    "an unknown option": { argv: ["show", "--nope"], says: `looptrace: --nope: there is no such option.\n${HELP}` },
    "words for push": {
      argv: ["push", "x"],
      says: `looptrace: push: it takes no argument, and here is 1.\nPut what belongs together in quotes; an option may lack its --.\n${HELP}`,
    },
  });

  test("what nobody foresaw says how to see more, and then shows it", async () => {
    const broken = { HOME: folder, LOOPTRACE_HOME: "\0" };
    const short = await say({ argv: ["show", UNKNOWN_ID], env: broken });
    const long = await say({ argv: ["show", UNKNOWN_ID], env: { ...broken, LOOPTRACE_DEBUG: "1" } });
    expect([short.code, long.code]).toEqual([2, 2]);
    expect(short.stderr).toMatch(/^looptrace: .+\nThis should not happen; LOOPTRACE_DEBUG=1 shows where it did\.\n$/);
    expect(long.stderr).toMatch(/\n {4}at /);
  });
});
