// Starts GraphiQL over this server's endpoint. A token comes in the link's fragment (`homeport token … --ide` prints
// one), which browsers send nowhere: it is kept for this browser tab, and taken out of the address.
"use strict";

const TOKEN = "homeport:token";
const FORGOTTEN = "graphiql:tabState"; // old tabs would come back without the token
const SECRET = "headers"; // GraphiQL's history keeps them with each query

const place = document.getElementById("ide");
const endpoint = new URL(place.dataset.endpoint, location.href);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

function takenToken() {
  const takesToken = place.dataset.takesToken === "yes";
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    if (takesToken) sessionStorage.setItem(TOKEN, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return takesToken ? (sessionStorage.getItem(TOKEN) ?? "") : "";
}

// Another link that is opened here changes the fragment only, and the page would go on with the first one's token.
addEventListener("hashchange", () => location.reload());

const token = takenToken();

function withoutHeaders(text) {
  try {
    return JSON.stringify(JSON.parse(text, (name, value) => (name === SECRET ? undefined : value)));
  } catch {
    return text; // a query, not JSON
  }
}

const storage = {
  get length() { return localStorage.length; },
  getItem: (name) => (name === FORGOTTEN ? null : localStorage.getItem(name)),
  setItem: (name, value) => name === FORGOTTEN || localStorage.setItem(name, withoutHeaders(value)),
  removeItem: (name) => localStorage.removeItem(name),
  clear: () => localStorage.clear(),
};

const welcome = `# Ctrl-Enter runs what the cursor is in; the book on the left is the schema.
${
  token
    ? "# Your token stands below, under Headers. Subscriptions send it when they connect."
    : `# Below, under Headers, a token is missing: write it there${
        place.dataset.takesToken === "yes" ? ", or open the link that\n# homeport token --user ana --tenant demo --ide prints" : ""
      }.`
}

query Kinds {
  __schema {
    queryType {
      fields {
        name
        description
      }
    }
  }
}
`;

const filledIn = { authorization: `Bearer ${token}` };
const headers = JSON.stringify(filledIn, null, 2);

// Sends what stands under Headers: with each request, and in the payload of a socket's connection_init. The first
// request, for the schema, is made before that editor is there.
const send = GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: socket.href });
const fetcher = (asked, how) => send(asked, { ...how, headers: how?.headers ?? filledIn });

ReactDOM.createRoot(place).render(
  React.createElement(GraphiQL, {
    fetcher,
    storage,
    headers,
    defaultHeaders: headers,
    defaultQuery: welcome,
    defaultEditorToolsVisibility: "headers",
    shouldPersistHeaders: false,
    showPersistHeadersSettings: false,
  }),
);
