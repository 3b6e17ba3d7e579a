// Real events: flights in the United States in early 2001 and bird strikes of aircraft, as the package vega-datasets
// carries them. An event is what a Kafka client sends: {topic, key, value, headers, timestamp}, with the topic's short
// name.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const folder = path.join(path.dirname(require.resolve('vega-datasets')), '..', 'data');
const read = (name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8'));

export const topics = { early: 4, ontime: 4, late: 4, verylate: 4, departures: 8, birdstrikes: 2 };

const dayBegins = Date.UTC(2001, 0, 1);

function delayClass(delay) {
  if (delay < 0) return 'early';
  if (delay < 15) return 'ontime';
  return delay < 60 ? 'late' : 'verylate';
}

// 200,000 flights by how late they were; `time` is the hour of the day.
function* delays() {
  let number = 0;
  for (const flight of read('flights-200k.json')) {
    yield {
      topic: delayClass(flight.delay),
      key: `${flight.distance} miles`,
      value: JSON.stringify(flight),
      headers: { source: 'flights-200k', number: String(number++) },
      timestamp: String(dayBegins + Math.round(flight.time * 3_600_000)),
    };
  }
}

// 20,000 flights with their date, keyed by the airport.
function* departures() {
  for (const flight of read('flights-20k.json')) {
    const [date, time] = flight.date.split(' ');
    yield {
      topic: 'departures',
      key: flight.origin,
      value: JSON.stringify(flight),
      headers: { source: 'flights-20k', destination: flight.destination },
      timestamp: String(Date.parse(`${date.replaceAll('/', '-')}T${time}:00Z`)),
    };
  }
}

export function* flights() {
  yield* delays();
  yield* departures();
}

// Bird strikes, over and over: what goes on arriving.
export function* birdstrikes() {
  const [head, ...rows] = readFileSync(path.join(folder, 'birdstrikes.csv'), 'utf8').trim().split(/\r?\n/);
  const date = head.split(',').indexOf('Flight Date');
  for (let lap = 0; ; lap++) {
    for (const [row, text] of rows.entries()) {
      const fields = text.split(',');
      yield {
        topic: 'birdstrikes',
        key: fields[0],
        value: text,
        headers: { source: 'birdstrikes', number: String(lap * rows.length + row) },
        timestamp: String(Date.parse(fields[date]) || dayBegins),
      };
    }
  }
}
