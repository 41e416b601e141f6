import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Destination } from "../../../src/deliver/destinations/destination.js";
import { langfuseTracesUrl } from "../../../src/deliver/destinations/langfuse-project.js";
import { resolveDestinations } from "../../../src/deliver/destinations/resolve-destinations.js";
import { send } from "../../../src/deliver/http/send.js";
import { type Authority, type Certified, createAuthority } from "../../support/certificates.js";
import { PUBLIC_KEY, SECRET_KEY } from "../../support/destinations.js";
import { type ProxyBehaviour, startHttpProxy } from "../../support/http-proxy.js";
import { otlpRequest } from "../../support/otlp-requests.js";
import { type ReceiverBehaviour, startReceiver } from "../../support/receiver.js";

const BODY = otlpRequest(2).body;
/** A name that only the proxy of these tests knows. */
const FAR = "far.test";

let authority: Authority;
let server: Certified;
beforeAll(async () => {
  authority = await createAuthority("Authority of these tests");
  server = await authority.certify(FAR);
});

async function receive(behaviour: ReceiverBehaviour = {}) {
  const receiver = await startReceiver({ dialect: "otlp", ...behaviour });
  onTestFinished(() => receiver.close());
  return { ...receiver, far: receiver.url.replace("127.0.0.1", FAR) };
}

async function proxied(behaviour?: ProxyBehaviour) {
  const proxy = await startHttpProxy(behaviour);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** PEM files, by the name that each has in the variables. */
async function files(contents: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "pem-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const named: Record<string, string> = {};
  for (const [name, content] of Object.entries(contents)) {
    named[`OTEL_EXPORTER_OTLP_${name}`] = join(folder, name);
    await writeFile(join(folder, name), content);
  }
  return named;
}

function at(endpoint: string, env: Readonly<Record<string, string>> = {}): Destination {
  const [destination] = resolveDestinations({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env } });
  if (destination === undefined) throw new Error("the environment names no destination");
  return destination;
}

describe("TLS", () => {
  test("an authority of one's own is trusted once it is named, for traces or for all", async () => {
    const receiver = await receive({ tls: server });
    expect(await send(at(receiver.url), BODY)).toMatchObject({
      kind: "unavailable",
      message: expect.stringMatching(/is not trusted \(.+OTEL_EXPORTER_OTLP_CERTIFICATE/),
    });
    const { OTEL_EXPORTER_OTLP_CERTIFICATE: path = "" } = await files({ CERTIFICATE: authority.cert });
    for (const name of ["OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"])
      expect(await send(at(receiver.url, { [name]: path }), BODY)).toEqual({ kind: "acknowledged" });
    expect(receiver.spans()).toHaveLength(4);
  });

  test("another authority is not", async () => {
    const receiver = await receive({ tls: server });
    const other = await createAuthority("Somebody");
    const env = await files({ CERTIFICATE: other.cert });
    expect((await send(at(receiver.url, env), BODY)).kind).toBe("unavailable");
  });

  test("a server that wants to know its client", async () => {
    const tls = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    const receiver = await receive({ tls });
    const ca = await files({ CERTIFICATE: authority.cert });
    expect(await send(at(receiver.url, ca), BODY)).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"),
    });
    const client = await authority.certify();
    const env = await files({
      CERTIFICATE: authority.cert,
      CLIENT_CERTIFICATE: client.cert,
      CLIENT_KEY: client.key,
    });
    const destination = at(receiver.url, env);
    expect(await Promise.all([send(destination, BODY), send(destination, BODY)])).toEqual(
      Array(2).fill({ kind: "acknowledged" }),
    );
  });
});

describe("a proxy", () => {
  test("HTTPS through a tunnel, with the certificates of the target and a password for the proxy", async () => {
    const client = await authority.certify();
    const tls = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    const receiver = await receive({ tls });
    const proxy = await proxied({ credentials: { user: "ada", password: "hu@sh hush" } });
    const env = {
      ...(await files({
        CERTIFICATE: authority.cert,
        CLIENT_CERTIFICATE: client.cert,
        CLIENT_KEY: client.key,
      })),
      HTTPS_PROXY: `http://ada:hu%40sh%20hush@${proxy.address}`,
    };
    expect(await send(at(receiver.far, env), BODY)).toEqual({ kind: "acknowledged" });
    expect(proxy.asked.map(({ asked }) => asked)).toEqual([`CONNECT ${FAR}:${receiver.port}`]);
    expect(receiver.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
  });

  test("a certificate of the target that is not trusted stays so behind a proxy", async () => {
    const receiver = await receive({ tls: server });
    const proxy = await proxied();
    const result = await send(at(receiver.far, { HTTPS_PROXY: proxy.address }), BODY);
    expect(result).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining(`certificate of ${FAR}:${receiver.port} is not trusted`),
    });
    expect(receiver.requests).toEqual([]);
  });

  test("plain HTTP as proxies expect it, Langfuse's project too", async () => {
    const receiver = await receive({ dialect: "langfuse", project: { id: "p-1", name: "demo" } });
    const proxy = await proxied();
    const [destination] = resolveDestinations({
      env: {
        LANGFUSE_PUBLIC_KEY: PUBLIC_KEY,
        LANGFUSE_SECRET_KEY: SECRET_KEY,
        LANGFUSE_BASE_URL: receiver.far,
        http_proxy: `http://${proxy.address}`,
      },
    });
    if (destination === undefined) throw new Error("no destination");
    expect(await send(destination, BODY)).toEqual({ kind: "acknowledged" });
    expect(await langfuseTracesUrl(destination)).toBe(`${receiver.far}/project/p-1/traces`);
    expect(proxy.asked.map(({ asked }) => asked)).toEqual([
      `POST ${receiver.far}/api/public/otel/v1/traces`,
      `GET ${receiver.far}/api/public/projects`,
    ]);
    expect(receiver.violations).toEqual([]);
  });

  test("what NO_PROXY excepts, and this machine itself, is asked directly", async () => {
    const receiver = await receive();
    const proxy = await proxied();
    const all = { HTTP_PROXY: proxy.address, HTTPS_PROXY: proxy.address, ALL_PROXY: proxy.address };
    expect(await send(at(receiver.url, all), BODY)).toEqual({ kind: "acknowledged" });
    const excepted = await send(at(receiver.far, { ...all, NO_PROXY: FAR }), BODY);
    expect(excepted).toMatchObject({ kind: "unavailable", message: expect.stringContaining(FAR) });
    expect(proxy.asked).toEqual([]);
  });

  test.each(["http", "https"] as const)("407 for %s says what to set, and no password", async (scheme) => {
    const receiver = await receive(scheme === "https" ? { tls: server } : {});
    const proxy = await proxied({ credentials: { user: "ada", password: "right" } });
    const set = (userinfo: string) => ({
      HTTP_PROXY: `${userinfo}${proxy.address}`,
      HTTPS_PROXY: `${userinfo}${proxy.address}`,
    });
    const setting = scheme === "https" ? "HTTPS_PROXY" : "HTTP_PROXY";
    expect(await send(at(receiver.far, set("http://")), BODY)).toEqual({
      kind: "blocked",
      status: 407,
      message: `the proxy ${proxy.address} of ${setting} wants a user and a password (407). Set ${setting} to http://user:password@host:port (percent-encoded), or except ${FAR} by NO_PROXY.`,
    });
    const wrong = await send(at(receiver.far, set("http://ada:hush-hush-hush@")), BODY);
    expect(wrong).toMatchObject({ kind: "blocked", message: expect.stringContaining("does not accept") });
    expect(JSON.stringify(wrong)).not.toContain("hush");
    expect(receiver.requests).toEqual([]);
  });

  test("one that refuses the way, one that has trouble, and one that is not there", async () => {
    const receiver = await receive({ tls: server });
    const through = (address: string) => send(at(receiver.far, { HTTPS_PROXY: address }), BODY);
    expect(await through((await proxied({ refuse: 403 })).address)).toMatchObject({
      kind: "blocked",
      status: 403,
      message: expect.stringContaining(`does not connect to ${FAR}:${receiver.port} (it answered 403)`),
    });
    expect(await through((await proxied({ refuse: 502 })).address)).toMatchObject({
      kind: "unavailable",
      answered: { by: "proxy", status: 502 },
    });
    const gone = await startHttpProxy();
    await gone.close();
    expect(await through(gone.address)).toMatchObject({
      kind: "unavailable",
      message: `nothing listens at the proxy ${gone.address} of HTTPS_PROXY: connection refused`,
    });
  });

  test("its password is one of the secrets that are masked", async () => {
    const { secrets, label, url } = at("https://far.test", {
      HTTPS_PROXY: "http://ada:hush-hush-hush@p.test",
    });
    expect(secrets).toContain("hush-hush-hush");
    expect(label + url).not.toContain("hush");
  });
});

describe("without a proxy", () => {
  async function listen(listener: RequestListener) {
    const connections = new Set<unknown>();
    const server = createServer(listener).listen(0, "127.0.0.1");
    server.on("connection", (connection) => connections.add(connection));
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("the server has no port");
    return { destination: at(`http://127.0.0.1:${address.port}`), connections };
  }

  test("connections are used again, and servers are told what asks", async () => {
    const asked: IncomingMessage[] = [];
    const { destination, connections } = await listen((request, response) => {
      asked.push(request);
      request.resume().once("end", () => response.end("{}"));
    });
    for (let index = 0; index < 3; index += 1) expect(await send(destination, BODY)).toEqual({ kind: "acknowledged" });
    expect(connections.size).toBe(1);
    for (const { headers } of asked)
      expect(headers).toMatchObject({
        "content-length": String(BODY.byteLength),
        "content-type": "application/json",
        "accept-encoding": "identity",
        "user-agent": "node",
      });
  });

  test("an answer counts that comes before the server has read everything", async () => {
    const { destination } = await listen((request, response) => {
      response.writeHead(413).end("too much", () => request.resume());
    });
    const { body } = otlpRequest(2, { padding: 4_000_000 });
    expect(await send(destination, body)).toMatchObject({ kind: "rejected", status: 413 });
  });

  test("a server that has answered is sent nothing more", async () => {
    const server = createTcpServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const connected = once(server, "connection");
    const { port } = server.address() as AddressInfo;
    const { body } = otlpRequest(2, { padding: 8_000_000 });
    const result = send(at(`http://127.0.0.1:${port}`), body);
    const [connection] = await connected;
    connection.on("error", () => undefined).write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n");
    expect(await result).toMatchObject({ kind: "rejected", status: 413 });
    let received = 0;
    connection.on("data", ({ length }: Buffer) => {
      received += length;
    });
    connection.resume();
    await once(connection, "close");
    expect(received).toBeLessThan(body.byteLength);
  });

  test("blanks around the value of a header are none of its own", async () => {
    const asked: IncomingMessage[] = [];
    const { destination } = await listen((request, response) => {
      asked.push(request);
      request.resume().once("end", () => response.end("{}"));
    });
    const { endpoint } = destination;
    const own = at(new URL(endpoint).origin, { OTEL_EXPORTER_OTLP_HEADERS: "x-team=%20mine%0A" });
    expect(await send(own, BODY)).toEqual({ kind: "acknowledged" });
    expect(asked[0]?.headers["x-team"]).toBe("mine");
  });
});
