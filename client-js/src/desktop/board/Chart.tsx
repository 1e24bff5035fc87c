import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
/** The sheet is no part of the types. @internal */
import "uplot/dist/uPlot.min.css";
import type { BoardToday } from "../../core/index.ts";
import { columns, midnight, sums } from "./today.ts";

const height = 200;
const series = [
  { name: "Joined", color: "--chart-joined" },
  { name: "Answered", color: "--chart-answered" },
  { name: "Abandoned", color: "--chart-abandoned" },
] as const;

/** Joined, answered and abandoned over the day, by quarters of an hour. */
export function Chart({ today, nowMS }: { today: BoardToday; nowMS: number }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const dark = useDark();
  const data = columns(today, midnight(nowMS), nowMS);
  const { joined, answered, abandoned } = sums(today, midnight(nowMS));
  useEffect(() => {
    const { current } = place;
    if (current === null) {
      return undefined;
    }
    const made = new uPlot(options(current), data, current);
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: current.clientWidth, height }));
    sizes.observe(current);
    return () => {
      sizes.disconnect();
      made.destroy();
    };
  }, [dark]);
  useEffect(() => plot.current?.setData(data), [JSON.stringify(data)]);
  return (
    <figure class="card chart" data-testid="chart">
      <figcaption>
        <h2>Today</h2>
        <ul class="legend">
          {series.map((s) => (
            <li key={s.name} data-series={s.name}>
              {s.name}
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        class="plot"
        ref={place}
        role="img"
        aria-label={`Chart by quarters of an hour: today ${joined} joined, ${answered} were answered, ${abandoned} gave up.`}
      />
    </figure>
  );
}

function options(place: HTMLElement): uPlot.Options {
  const styles = getComputedStyle(place);
  const color = (name: string) => styles.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color("--soft"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(place.clientWidth, 200),
    height,
    padding: [12, 30, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(4, Math.ceil(high * 1.15))] } },
    axes: [
      { ...axis, size: 32, space: 90, incrs: [900, 1_800, 3_600, 7_200, 14_400], grid: { show: false }, values: (_plot, times) => times.map((t) => new Date(t * 1_000).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })) },
      { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000] },
    ],
    series: [
      {},
      ...series.map(({ name, color: variable }, i): uPlot.Series => {
        const drawn: uPlot.Series = { label: name, stroke: color(variable), width: 2, points: { show: false } };
        return i === 0 ? { ...drawn, fill: color("--chart-wash") } : drawn;
      }),
    ],
  };
}

/** A canvas takes its colours once: it is made anew when the theme changes. */
function useDark(): boolean {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const change = () => setDark(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return dark;
}
