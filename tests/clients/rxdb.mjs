// Databases of stock RxDB, as the page about it says, that do what pytest tells them: a line of JSON in, a line out.
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { createRxDatabase } from 'rxdb';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { filter, firstValueFrom, map, timeout } from 'rxjs';
import { given } from './given.mjs';

const WAIT_MS = 30_000;

// The page's own code is what runs here.
const blocks = [...readFileSync(given.page, 'utf8').matchAll(/```js\n(.*?)```/gs)].map((found) => found[1]);
const module = new URL('./node_modules/rxdb-page.mjs', import.meta.url);
writeFileSync(module, blocks.join('\n'));
const page = await import(pathToFileURL(module.pathname).href);

const taskList = {
  version: 0, primaryKey: 'id', type: 'object', required: ['id'],
  properties: { id: { type: 'string', maxLength: 36 }, scopeId: { type: 'string' }, title: { type: 'string' } },
};
const schemas = { taskList, task: page.task };
const databases = {};
const errors = [];

const at = ({ db, kind = 'task' }) => databases[db].collections[kind];
const live = (collection) => collection.find().$.pipe(map((found) => found.map((each) => each.toMutableJSON())));
const sorted = (docs) => docs.sort((one, other) => (one.id < other.id ? -1 : 1));

const doing = {
  async open({ db }) {
    const database = await createRxDatabase({
      name: `${db}-${randomUUID()}`, storage: getRxStorageMemory(), multiInstance: false,
    });
    const collections = await database.addCollections({ taskList: { schema: taskList }, task: { schema: page.task } });
    databases[db] = { collections, replications: {} };
  },
  async online({ db, http, ws, token }) {
    // Tasks before the lists that they are in: RxDB promises no order.
    for (const [kind, collection] of Object.entries(databases[db].collections).reverse()) {
      const state = page.replicate(collection, kind, schemas[kind], { http, ws, token: async () => token });
      state.retryTime = 100;
      state.error$.subscribe((error) => {
        // What has no code is RxDB's own, of a replication that is cancelled while it works.
        const told = `${error.code} ${JSON.stringify(error.parameters?.errors ?? '')}`;
        if (error.code && !told.includes('SCOPE_AWAITED')) errors.push(told);
      });
      databases[db].replications[kind] = state;
    }
    await Promise.all(Object.values(databases[db].replications).map((each) => each.awaitInitialReplication()));
  },
  async offline({ db }) {
    await Promise.all(Object.values(databases[db].replications).map((each) => each.cancel()));
  },
  async insert({ docs, ...where }) {
    await at(where).bulkInsert(docs);
  },
  async patch({ id, fields, ...where }) {
    await (await at(where).findOne(id).exec())?.incrementalPatch(fields);
  },
  async remove({ id, ...where }) {
    await (await at(where).findOne(id).exec())?.incrementalRemove();
  },
  async docs(where) {
    return sorted((await at(where).find().exec()).map((each) => each.toMutableJSON()));
  },
  async pushed({ db }) {
    await Promise.all(Object.values(databases[db].replications).map((each) => each.awaitInSync()));
  },
  async count(where) {
    return at(where).count().exec();
  },
  // Until the documents are these, as far as these say what they are.
  async until({ docs, ...where }) {
    const fits = (found) => found.length === docs.length && docs.every((wanted) => {
      const here = found.find((each) => each.id === wanted.id);
      return here && Object.entries(wanted).every(([name, value]) => JSON.stringify(here[name]) === JSON.stringify(value));
    });
    await firstValueFrom(live(at(where)).pipe(filter(fits), timeout(WAIT_MS))).catch(async (late) => {
      throw new Error(`${late.message}; there is ${JSON.stringify(await doing.docs(where))}; ${errors.slice(-3)}`);
    });
  },
  async errors() {
    return errors.splice(0);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...how } = JSON.parse(line);
  const told = await doing[what](how).then((done) => ({ done: done ?? null }), (error) => ({ failed: error.stack }));
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
process.exit(0);
