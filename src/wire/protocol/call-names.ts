/** The names of tools by the ids of their calls. */
export class CallNames {
  private readonly names = new Map<string, string>();

  set(id: string | null, name: string): void {
    if (id !== null) this.names.set(id, name);
  }

  get(id: string | null): string | null {
    return (id === null ? undefined : this.names.get(id)) ?? null;
  }
}
