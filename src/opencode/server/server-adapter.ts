import type { ExportResult } from "../cli/export-session.js";
import type { StreamError } from "../cli/run-session.js";
import type { RunExit } from "../program/spawn-opencode.js";
import type { StructuredAnswer } from "../request/asked-answer.js";
import type { CheckedRequest } from "../request/run-request.js";
import type { ServerEvent } from "../schema/server-event.js";
import type { ServerConnection } from "./connection.js";
import type { ToldMessages } from "./read-messages.js";
import type { RestWatch } from "./rest-watch.js";
import type { FollowedRun, ServedProgress } from "./served-progress.js";
import type { RunningServer } from "./start-server.js";
import type { StopRequest } from "./stop-request.js";
import type { SendReply } from "./turn-watch.js";

/** A session that is ready for a prompt. */
export interface OpenedSession {
  readonly sessionId: string;
  /** The agent to run with; undefined leaves it to opencode. */
  readonly agent: string | undefined;
  /** Those that could be asked for, where one was. */
  readonly agents?: readonly string[];
  readonly mcpServers: readonly string[];
}

/** A turn that is to be played to its end. */
export interface TurnToPlay extends OpenedSession {
  readonly server: RunningServer;
  readonly request: CheckedRequest;
  /** Ends the turn, when it is time or on the caller's wish. */
  readonly stop: StopRequest;
  /** Aborted when the turn is to end for a failure on this side. */
  readonly failing: AbortSignal;
  /** What events tell of the session's rest. */
  readonly rest: Omit<RestWatch, "take">;
  /** Says which trace the prompt will become; undefined where its requests are to carry none. */
  readonly announce?: ((sessionId: string, traceId: string) => Promise<void>) | undefined;
}

export interface TurnEnd {
  readonly exit: RunExit;
  /** What the server answered the prompt with, where that was no message. */
  readonly error?: StreamError["error"];
  /** The answer to a schema that opencode itself could not ask for. */
  readonly structured?: StructuredAnswer;
  /**
   * The session as it was read when it had come to rest; undefined where it is still to be read, or that was not its end
   * after all. Never fails.
   */
  readonly read?: Promise<ExportResult | undefined> | undefined;
}

/** What a turn's events told that the server may not give out again. */
export interface ToldByEvents<Event> {
  readonly take: (event: Event) => void;
  /** Events may have been missed. */
  readonly forget: () => void;
  readonly messages: ToldMessages;
}

/**
 * How a generation of opencode's server is driven. All else is the same for both: when a turn is ended and by whom,
 * what is remembered of it, who answers for the caller.
 */
export interface ServerAdapter<Client, Event> {
  /** @param signal ends all of the client's requests */
  readonly connect: (connection: ServerConnection, directory: string, signal?: AbortSignal) => Promise<Client>;
  /** Where a session is worked at, where that is not for whoever prompts to say; see `directoryOfSession`. */
  readonly directoryOf?: (
    connection: ServerConnection,
    directory: string,
    sessionId: string,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
  /** Follows the server's events until the signal is aborted; connects again whenever the stream breaks. */
  readonly follow: (
    connection: ServerConnection,
    options: {
      readonly directory: string;
      readonly signal: AbortSignal;
      readonly onEvent: (event: Event) => void;
      readonly onConnected: () => void;
    },
  ) => Promise<void>;
  /**
   * Makes a new session without a client; where nothing forbids it, it is asked for before there is one.
   *
   * @throws {ServerRequestError} when the server refuses
   */
  readonly create: (connection: ServerConnection, request: CheckedRequest, signal: AbortSignal) => Promise<string>;
  /** Whether the server is to be asked for something before it can make the new session of a request. */
  readonly asksFirst: (request: CheckedRequest) => boolean;
  /**
   * Finds or makes the session.
   *
   * @param agent the one to run with, after the generated configuration had its say
   * @param create gives the new session where one is to be made, the same each time
   * @throws {SessionNotFoundError} when the named one does not exist
   * @throws {ServerRequestError} when the server refuses
   */
  readonly open: (
    client: Client,
    request: CheckedRequest,
    agent: string | undefined,
    environment: Readonly<Record<string, string | undefined>>,
    create: () => Promise<string>,
  ) => Promise<OpenedSession>;
  /** What events would have told while the stream was away, as far as the server still knows it. */
  readonly missed: (
    client: Client,
    sessionId: string,
    startedAt: number,
    signal: AbortSignal,
  ) => Promise<readonly Event[]>;
  /** An event in the words of the first generation, as far as it is about permissions, retries, errors and rest. */
  readonly facts: (event: Event) => readonly ServerEvent[];
  readonly progress: (run: FollowedRun, startedAt: number) => ServedProgress<Event>;
  readonly told: (sessionId: string) => ToldByEvents<Event>;
  /** Answers a permission. */
  readonly reply: (client: Client) => SendReply;
  /** Does what an event asks for where there is no choice, such as to refuse a question that no person will see. */
  readonly serve: (client: Client, event: Event, isOurs: (sessionId: string) => boolean) => void;
  /** Whether the server would keep the answer `always` for longer than the turn, or for others. */
  readonly keepsAlways: boolean;
  /** Hands the prompt over, waits for the loop's end, and aborts it when it is time; never fails. */
  readonly play: (client: Client, turn: TurnToPlay) => Promise<TurnEnd>;
}
