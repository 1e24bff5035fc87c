import type { ComponentChildren, RefObject } from "preact";
import { useRef, useState } from "preact/hooks";
import { usePlaces, useStill } from "../parts/still.ts";

export type Order = "ascending" | "descending";

/** A column that rows can be sorted by. */
export interface Column<Row> {
  /** What is compared: names by the alphabet, numbers by size. */
  by: (row: Row) => number | string;
  /** The order of the first click. */
  order: Order;
}

export interface Sort<Name extends string> {
  by: Name;
  order: Order;
}

interface Options<Row, Name extends string> {
  id: (row: Row) => string;
  columns: Record<Name, Column<Row>>;
  first: Name;
  /** A row that is gone, as it is shown until the rows may move. */
  gone: (row: Row) => Row;
}

export interface Sorted<Row, Name extends string> {
  rows: readonly Row[];
  sort: Sort<Name>;
  sortBy: (name: Name) => void;
  /** For the element around the rows. */
  body: { ref: RefObject<HTMLTableSectionElement | null>; onFocusIn: () => void; onFocusOut: () => void };
}

/**
 * Sorts rows by the chosen column. While the pointer is at work on the rows or the focus is in them they keep their
 * places, and new ones come last: a click never lands on another row than the one that was aimed at.
 */
export function useSorted<Row, Name extends string>(items: readonly Row[], { id, columns, first, gone }: Options<Row, Name>): Sorted<Row, Name> {
  const [sort, setSort] = useState<Sort<Name>>({ by: first, order: columns[first].order });
  const ref = useRef<HTMLTableSectionElement>(null);
  const focused = useRef(false);
  const pointed = useStill(ref);
  const places = usePlaces(inOrder(items, columns[sort.by], sort.order, id), id, () => "", pointed || focused.current);
  return {
    rows: places.map((place) => (place.gone ? gone(place.item) : place.item)),
    sort,
    sortBy: (name) => setSort({ by: name, order: sort.by === name ? opposite(sort.order) : columns[name].order }),
    body: {
      ref,
      onFocusIn: () => {
        focused.current = true;
      },
      onFocusOut: () => {
        focused.current = false;
      },
    },
  };
}

function opposite(order: Order): Order {
  return order === "ascending" ? "descending" : "ascending";
}

/** The rows by a column; equal ones by their id, so that they never swap places. */
function inOrder<Row>(items: readonly Row[], { by }: Column<Row>, order: Order, id: (row: Row) => string): readonly Row[] {
  const sign = order === "ascending" ? 1 : -1;
  return [...items].sort((a, b) => sign * compare(by(a), by(b)) || compare(id(a), id(b)));
}

function compare(a: number | string, b: number | string): number {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

interface HeaderProps<Name extends string> {
  name: Name;
  sorted: { sort: Sort<Name>; sortBy: (name: Name) => void };
  number?: boolean;
  title?: string;
  children: ComponentChildren;
}

/** The head of a column that sorts by it. */
export function SortHeader<Name extends string>({ name, sorted: { sort, sortBy }, number, title, children }: HeaderProps<Name>) {
  const chosen = sort.by === name;
  return (
    <th scope="col" class={number === true ? "sorts number" : "sorts"} aria-sort={chosen ? sort.order : undefined}>
      <button class="sort" type="button" data-testid={`sort-${name}`} title={title} onClick={() => sortBy(name)}>
        {children}
        <span class="arrow" aria-hidden="true">
          {chosen ? (sort.order === "ascending" ? "↑" : "↓") : "↕"}
        </span>
      </button>
    </th>
  );
}
