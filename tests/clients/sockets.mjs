// npm graphql-ws as a client of Homeport's sockets: one scenario a run, named by the first argument.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { given, tell } from './given.mjs';

const { scenario, url, tokens } = given;
const POKE = 'subscription { poke }';
const MAKE = 'mutation ($title: String!) { createTaskList(input: { title: $title }) { taskList { title } } }';
const authorized = (token) => ({ authorization: `Bearer ${token}` });

/** What a socket went through: the events of a client, in order. */
function watched(options = {}) {
  const events = [];
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: authorized(tokens.good),
    retryAttempts: 0,
    lazy: true,
    ...options,
    on: {
      connected: () => events.push('connected'),
      closed: (event) => events.push(event.code),
      ping: (received) => events.push(received ? 'pinged' : 'ping'),
      pong: (received) => events.push(received ? 'pong' : 'ponged'),
      ...options.on,
    },
  });
  return { client, events };
}

/** The first value of an operation, or the error that it ends with; a subscription is completed then. */
const first = (client, query, variables) =>
  new Promise((resolve) => {
    const stop = client.subscribe({ query, variables }, {
      next: (value) => { resolve(value); stop(); },
      error: (error) => resolve({ closed: error.code, errors: Array.isArray(error) ? error : undefined }),
      complete: () => resolve(null),
    });
  });

/** A subscription whose values are awaited one by one. */
function listening(client, query = POKE) {
  const values = [];
  const waiting = [];
  const give = (value) => (waiting.length ? waiting.shift()(value) : values.push(value));
  const stop = client.subscribe({ query }, { next: give, error: (error) => give({ closed: error.code }), complete: () => give('complete') });
  return { stop, next: () => (values.length ? values.shift() : new Promise((resolve) => waiting.push(resolve))) };
}

/** A socket without a client: the code that it is closed with after what is sent. */
const raw = (protocol, ...messages) =>
  new Promise((resolve) => {
    const socket = protocol ? new WebSocket(url, protocol) : new WebSocket(url);
    socket.on('open', () => messages.forEach((message) => socket.send(JSON.stringify(message))));
    socket.on('error', (error) => resolve(error.message)); // of ws, which goes on with no protocol but the one it asked for
    socket.on('close', (code) => resolve(code));
  });

/** Lets a client go, and waits for its socket to close. */
async function gone({ client, events }) {
  const before = events.length;
  await client.dispose();
  while (!events.slice(before).some(Number.isInteger)) await soon();
  return events;
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 10));
const INIT = { type: 'connection_init', payload: authorized(tokens.good) };
const PROTOCOL = 'graphql-transport-ws';

const scenarios = {
  async operations() {
    const { client, events } = watched({ lazy: false });
    const pokes = listening(client);
    const begun = await pokes.next();
    const made = await first(client, MAKE, { title: 'Milk' });
    const poked = await pokes.next();
    const read = await first(client, '{ taskLists { nodes { title } } }');
    const invalid = await first(client, '{ nope }');
    pokes.stop();
    const again = await first(client, POKE);
    await gone({ client, events });
    return { begun, made, poked, read, invalid: invalid.errors[0].extensions.code, completed: await pokes.next(), again, events };
  },

  async pings() {
    const { client, events } = watched({ lazy: false, keepAlive: 20 });
    const pokes = listening(client);
    await pokes.next();
    while (!events.includes('pong')) await soon();
    return events.slice(0, 3);
  },

  async codes() {
    const late = watched({ connectionParams: () => new Promise(() => {}) });
    const twice = watched({ generateID: () => 'same' });
    const init = watched({ on: { opened: (socket) => queueMicrotask(() => socket.send(JSON.stringify(INIT))) } });
    const subscribe = { id: '1', type: 'subscribe', payload: { query: POKE } };
    const doubled = new Promise((resolve) => {
      twice.client.subscribe({ query: POKE }, { next() {}, error: (error) => resolve(error.code), complete() {} });
      twice.client.subscribe({ query: POKE }, { next() {}, error: (error) => resolve(error.code), complete() {} });
    });
    return {
      'late init': (await first(late.client, POKE)).closed,
      'duplicate id': await doubled,
      'second init': (await first(init.client, POKE)).closed,
      'no token': (await first(watched({ connectionParams: {} }).client, POKE)).closed,
      'wrong token': (await first(watched({ connectionParams: authorized('junk') }).client, POKE)).closed,
      'expired token': (await first(watched({ connectionParams: authorized(tokens.expired) }).client, POKE)).closed,
      'subscribe before the ack': await raw(PROTOCOL, subscribe),
      'unknown message': await raw(PROTOCOL, INIT, { type: 'nope' }),
      'no message': await raw(PROTOCOL, INIT, [1]),
      'another protocol': await raw('graphql-ws'),
      'no protocol': await raw(null),
    };
  },

  // A token that expires while the socket is open; the client comes back with a new one, by itself.
  async expiry() {
    let asked = 0;
    const { client, events } = watched({
      retryAttempts: 3,
      retryWait: async () => {},
      shouldRetry: () => true,
      connectionParams: () => authorized(asked++ ? tokens.good : tokens.brief),
    });
    const pokes = listening(client);
    await pokes.next();
    await pokes.next();
    return gone({ client, events });
  },

  // One that does not read delays nobody: its pokes wait, and become one.
  async slow() {
    const { client: stalled } = watched({ lazy: false });
    const { client: brisk } = watched({ lazy: false });
    let socket;
    stalled.on('opened', (opened) => { socket = opened; });
    const seen = listening(stalled);
    const pokes = listening(brisk);
    await seen.next();
    await pokes.next();
    socket.pause();
    for (let n = 0; n < 20; n += 1) {
      await first(brisk, MAKE, { title: `list ${n}` });
    }
    await pokes.next();
    socket.resume();
    const late = await seen.next();
    return { late };
  },

  // Told by a line that it listens, it is closed by the server's end and comes back to the next one.
  async restart() {
    const { client, events } = watched({ retryAttempts: Infinity, retryWait: soon, shouldRetry: () => true });
    const pokes = listening(client);
    await pokes.next();
    process.stdout.write('"listening"\n');
    await pokes.next();
    return gone({ client, events });
  },
};

const told = await scenarios[scenario]();
tell(told);
process.exit(0);
