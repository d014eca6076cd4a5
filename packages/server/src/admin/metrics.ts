/**
 * Figures for monitors. The service counts in plain numbers, because a counter object's method costs thirty times as much
 * per message; they are copied into the registry when somebody asks.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, type MetricObjectWithValues, type MetricValueWithName, Registry } from 'prom-client';
import type { CoreFigures } from '@seekyou/core';
import type { Counters } from '../runtime/counters.ts';
import { TURN_KINDS, TURN_MS, turns } from '../runtime/turns.ts';

export interface MetricsSources {
  readonly counters: Readonly<Counters>;
  readonly figures: () => CoreFigures;
  readonly connections: () => number;
  /** By thread of the store, and of its journal. */
  readonly store: () => Readonly<Record<string, StoreFigures>>;
}

export interface StoreFigures {
  readonly waiting: number;
  readonly answered: number;
  readonly failed: number;
  readonly groups: number;
  readonly busyMs: number;
}

export function createMetrics(sources: MetricsSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: () => number): void => {
    registry.registerMetric(
      new Gauge({
        name: `seekyou_${name}`,
        help,
        registers: [],
        collect() {
          this.set(value());
        },
      }),
    );
  };
  gauge('connections', 'Open connections, signed on or not', sources.connections);
  gauge('sessions', 'Signed-on sessions', () => sources.figures().sessions);
  gauge('users_online', 'Accounts with at least one session', () => sources.figures().usersOnLine);
  gauge('rooms', 'Rooms with somebody in them', () => sources.figures().rooms);
  const stored: readonly (readonly [name: string, help: string, value: (figures: StoreFigures) => number])[] = [
    ['operations', 'Operations of the database answered', (figures) => figures.answered],
    ['operations_failed', 'Operations of the database that failed', (figures) => figures.failed],
    ['operations_waiting', 'Operations of the database not yet answered', (figures) => figures.waiting],
    ['commits', 'Groups of operations; for the writer each is one commit', (figures) => figures.groups],
    ['busy_seconds', 'Time a thread of the database has worked', (figures) => figures.busyMs / 1000],
  ];
  for (const [name, help, value] of stored) {
    registry.registerMetric(
      new Gauge({
        name: `seekyou_store_${name}`,
        help,
        labelNames: ['thread'],
        registers: [],
        collect() {
          for (const [thread, figures] of Object.entries(sources.store())) this.set({ thread }, value(figures));
        },
      }),
    );
  }
  const events = new Counter({
    name: 'seekyou_events_total',
    help: 'What happened since the start, by kind; docs/metrics.md explains each',
    labelNames: ['event'],
    registers: [],
    collect() {
      this.reset();
      const { messagesStored, messagesDelivered, signOnsRefused } = sources.figures();
      const all: Counters = { ...sources.counters, messages_stored: messagesStored, messages_delivered: messagesDelivered, sign_ons_refused: signOnsRefused };
      for (const [event, count] of Object.entries(all)) this.inc({ event }, count);
    },
  });
  registry.registerMetric(events);
  registry.registerMetric(turnHistogram());
  registry.registerMetric(
    new Gauge({
      name: 'seekyou_turn_seconds_max',
      help: 'The longest turn since the start',
      labelNames: ['kind'],
      registers: [],
      collect() {
        for (const kind of TURN_KINDS) this.set({ kind }, turns.figures(kind).maxMs / 1000);
      },
    }),
  );
  return registry;
}

/** Counted by the recorder itself, which is much cheaper; here it is only shown. */
function turnHistogram(): Histogram<'kind'> {
  const name = 'seekyou_turn_seconds';
  const help = 'How long the event loop was kept at a time, by what began it';
  const histogram = new Histogram({ name, help, labelNames: ['kind'], buckets: TURN_MS.map((ms) => ms / 1000), registers: [] });
  const shown = histogram as unknown as { get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> };
  const described = shown.get.bind(histogram);
  shown.get = async () => ({
    ...(await described()),
    values: TURN_KINDS.flatMap((kind) => {
      const { count, sumMs, atMost } = turns.figures(kind);
      const ends = [...TURN_MS.map((ms) => ms / 1000), '+Inf'];
      return [
        ...ends.map((le, at) => ({ metricName: `${name}_bucket`, labels: { le, kind }, value: atMost[at] as number })),
        { metricName: `${name}_sum`, labels: { kind }, value: sumMs / 1000 },
        { metricName: `${name}_count`, labels: { kind }, value: count },
      ];
    }),
  });
  return histogram;
}
