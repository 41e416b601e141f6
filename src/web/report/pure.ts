import { Component, type ComponentChild, type ComponentType } from "preact";

/** A component that is drawn anew only when one of its properties is another one: scrolling draws its parents often. */
export function pure<Props extends object>(draw: (props: Props) => ComponentChild): ComponentType<Props> {
  return class extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      const names = Object.keys(next) as (keyof Props)[];
      return names.some((name) => next[name] !== (this.props as Props)[name]);
    }

    override render(props: Props) {
      return draw(props);
    }
  };
}
