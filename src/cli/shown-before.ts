import type { SessionTree } from "../opencode/session.js";
import type { LoadOptions } from "../sessions/load-options.js";
import { keepView, keptView, type SessionView, type TurnView } from "./kept-view.js";

/** What an earlier `show` of one kept session has kept, and what this one keeps for a later one. */
export class ShownBefore {
  #meant: { readonly id: string; readonly load: LoadOptions; readonly begun: number } | undefined;
  #before: SessionView | undefined;
  #advice: string | null = null;
  readonly #trees: SessionTree[] = [];
  readonly #turns: TurnView[] = [];

  /** What was kept of the sessions that are meant; undefined where that is not known, or they are several. */
  async of(ids: readonly string[], load: LoadOptions): Promise<SessionView | undefined> {
    const [id] = ids;
    if (id === undefined || ids.length > 1 || load.prefer !== "kept") return undefined;
    this.#meant = { id, load, begun: Date.now() };
    this.#before = await keptView(id, load);
    return this.#before;
  }

  /** What was kept cannot be shown after all: it is damaged. */
  forget(): void {
    this.#before = undefined;
  }

  /** A session that was read. */
  take(tree: SessionTree): void {
    this.#trees.push(tree);
  }

  /** A turn that is shown. */
  show(turn: TurnView): void {
    this.#turns.push(turn);
  }

  /** The advice that was kept, else what is made now. */
  adviceOr(make: () => string | null): string | null {
    this.#advice = this.#before ? this.#before.advice : make();
    return this.#advice;
  }

  /** Keeps what was shown, where all of it was and nothing was kept before. Never throws. */
  async keep(): Promise<void> {
    const [tree] = this.#trees;
    if (!this.#meant || !tree || this.#trees.length > 1 || tree.session.info.id !== this.#meant.id) return;
    const { load, begun } = this.#meant;
    await keepView(tree, { turns: this.#turns, advice: this.#advice }, load, begun);
  }
}
