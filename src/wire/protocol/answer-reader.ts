import type { AnswerError, AnsweredCall, WireUsage } from "./parsed-answer.js";

/** What a protocol's reader is given, one piece of an answer after the other. */
export interface AnswerReader {
  /** A frame of a stream, or the whole body where it is none. */
  read(payload: unknown, at: number): void;
}

/** What is gathered of an answer. */
export class Gathered {
  responseId: string | null = null;
  model: string | null = null;
  finish: string | null = null;
  usage: WireUsage | null = null;
  rawUsage: Readonly<Record<string, unknown>> | null = null;
  firstContentAt: number | null = null;
  error: Omit<AnswerError, "status" | "body"> | null = null;
  private readonly texts: string[] = [];
  private readonly thoughts: string[] = [];
  private readonly calls = new Map<string, { id: string | null; name: string; pieces: string[] }>();

  text(piece: string | null | undefined, at: number): void {
    if (!piece) return;
    this.texts.push(piece);
    this.content(at);
  }

  thinking(piece: string | null | undefined, at: number): void {
    if (!piece) return;
    this.thoughts.push(piece);
    this.content(at);
  }

  /** @param key what tells the call from the others of the answer */
  call(
    key: string | number,
    facts: { readonly id?: string | null | undefined; readonly name?: string | null | undefined },
  ): void {
    const call = this.callOf(key);
    call.id ??= facts.id ?? null;
    call.name ||= facts.name ?? "";
  }

  callArguments(key: string | number, piece: string | null | undefined, at: number): void {
    if (!piece) return;
    this.callOf(key).pieces.push(piece);
    this.content(at);
  }

  /** Whether arguments of a call came already. */
  hasArguments(key: string | number): boolean {
    return (this.calls.get(String(key))?.pieces.length ?? 0) > 0;
  }

  hasText(): boolean {
    return this.texts.length > 0;
  }

  result(): {
    readonly text: string;
    readonly thinking: string;
    readonly toolCalls: readonly AnsweredCall[];
  } {
    const toolCalls = [...this.calls.values()].map(({ id, name, pieces }) => ({
      id,
      name,
      arguments: pieces.join(""),
    }));
    return { text: this.texts.join(""), thinking: this.thoughts.join(""), toolCalls };
  }

  private callOf(key: string | number): { id: string | null; name: string; pieces: string[] } {
    const found = this.calls.get(String(key)) ?? { id: null, name: "", pieces: [] };
    this.calls.set(String(key), found);
    return found;
  }

  private content(at: number): void {
    this.firstContentAt ??= at;
  }
}
