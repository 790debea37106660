// A stock client, made as docs/clients.md shows it, listens, writes and reads: what came of each is told. It asks by
// the page's operations, or by what a generator made of them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parse, print } from 'graphql';
import { given, tell } from './given.mjs';

const { folder, made, operations, generated, token, kind, key } = given;
const asked = generated
  ? byName(Object.values(await import(pathToFileURL(generated).href)))
  : byName(parse(operations).definitions.map((each) => ({ kind: 'Document', definitions: [each] })));

function byName(documents) {
  return Object.fromEntries(documents.map((each) => [each.definitions[0].name.value, each]));
}

const MADE = { relay: 'environment' };
async function clientOfThePage() {
  const file = `${folder}/${kind}.mjs`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `const token = () => ${JSON.stringify(token)};\n${made}\nexport { ${MADE[kind] ?? 'client'} as client, socket };\n`);
  return await import(pathToFileURL(file).href);
}

const { client, socket } = await clientOfThePage();

// How each of them is asked; an error is thrown, so that the script ends badly.
const ways = {
  urql: {
    query: (document, variables) => settled(client.query(document, variables).toPromise()),
    mutate: (document, variables) => settled(client.mutation(document, variables).toPromise()),
    listen: (document, heard) => client.subscription(document, {}).subscribe(({ data, error }) => heard(data, error)),
  },
  apollo: {
    query: (query, variables) => settled(client.query({ query, variables })),
    mutate: (mutation, variables) => settled(client.mutate({ mutation, variables })),
    listen: (query, heard) =>
      client.subscribe({ query }).subscribe({ next: ({ data, error }) => heard(data, error), error: (e) => heard(null, e) }),
  },
  // What Relay's compiler makes of a document is its text and more; the network that is tested takes the text.
  relay: {
    query: (document, variables) => sent(document, variables).toPromise().then(({ data }) => data),
    mutate: (document, variables) => sent(document, variables).toPromise().then(({ data }) => data),
    listen: (document, heard) => sent(document, {}).subscribe({ next: ({ data }) => heard(data), error: (e) => heard(null, e) }),
  },
};

function sent(document, variables) {
  const [{ name, operation }] = document.definitions;
  const request = { id: null, text: print(document), name: name.value, operationKind: operation, metadata: {} };
  return client.getNetwork().execute(request, variables, {});
}

async function settled(answering) {
  const { data, error } = await answering;
  if (error) throw error;
  return data;
}

const { query, mutate, listen } = ways[kind];
const events = [];
let told;
const heard = new Promise((resolve, reject) => {
  told = (data, error) => {
    if (error) return reject(error);
    events.push(data.taskListChanged);
    return events.length === 1 ? write() : resolve();
  };
});
let written;
const write = async () => {
  written = await mutate(asked.AddList, { title: 'Groceries', key });
};
const listening = listen(asked.ListChanges, told);
await heard;
listening.unsubscribe();
const again = await mutate(asked.AddList, { title: 'Groceries', key });
const page = await query(asked.OpenTasks, { after: null });
await socket.dispose();
tell({ events, written, again, page });
