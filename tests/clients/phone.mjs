// One phone of the page, as people find things on it: by what they are and what they are called.
const SHOWN = (all) => all.map((each) => each.value);

export class Phone {
  constructor(page, owner) {
    this.page = page;
    this.all = page.getByRole('region', { name: `${owner}’s phone` });
    this.air = this.all.getByRole('switch', { name: 'Airplane mode' });
    this.titles = this.all.getByRole('textbox', { name: 'Title', exact: true });
    this.outbox = this.all.locator('[data-part=pending]');
    this.said = this.all.locator('[data-part=said]');
    this.notice = this.all.locator('[data-part=notice]');
    this.told = this.all.locator('[data-verdict]');
  }

  button = (name) => this.all.getByRole('button', { name, exact: true });
  row = (title) => this.all.getByRole('listitem').filter({ has: this.page.getByRole('checkbox', { name: title, exact: true }) });
  list = () => this.titles.evaluateAll(SHOWN);

  async write(was, text) {
    await this.type(this.row(was).getByRole('textbox', { name: 'Title', exact: true }), text);
    await this.row(text).waitFor();
  }

  async add(title) {
    await this.type(this.all.getByRole('textbox', { name: 'Title of a new task' }), title);
    await this.row(title).waitFor();
  }

  // The details of a task, unfolded if they are not yet.
  async details(title) {
    const more = this.button(`More of ${title}`);
    if ((await more.getAttribute('aria-expanded')) !== 'true') await more.click();
    const details = this.row(title).locator('[data-part=details]');
    await details.waitFor();
    return details;
  }

  async fill(title, label, text) {
    await this.type((await this.details(title)).getByLabel(label, { exact: true }), text);
  }

  // As fingers do it: over what is there, and Enter. A day is sent as soon as it is whole.
  async type(field, text) {
    if ((await field.getAttribute('type')) === 'date') return field.fill(text);
    await field.press('Control+a');
    await this.page.keyboard.insertText(text);
    return field.press('Enter');
  }

  // What waits here, once it is so many; none at all means that the server has answered.
  async waits(count) {
    await this.outbox.filter({ hasText: new RegExp(`^${count}$`) }).waitFor();
  }

  // Where its syncer is, once it is there.
  async is(state) {
    await this.all.getByRole('img', { name: `The syncer is ${state}, one of its seven states` }).waitFor();
  }

  // The same titles in the same order, once they are shown.
  async shows(titles) {
    const wanted = JSON.stringify(titles);
    const handle = await this.all.elementHandle();
    await this.page.waitForFunction(
      ([phone, all]) => JSON.stringify([...phone.querySelectorAll('textarea[aria-label=Title]')].map((each) => each.value)) === all,
      [handle, wanted],
    );
  }
}

// What a page says of one change: the verdict, and each merge as it is explained.
export async function explained(told) {
  const merges = await told.locator('[data-part=merge]').evaluateAll((all) =>
    all.map((each) => ({
      rule: each.querySelector('.code').textContent,
      why: each.querySelector('.hint').textContent,
      ...Object.fromEntries([...each.querySelectorAll('dl > div')].map((row) => [row.children[0].textContent, row.children[1].textContent])),
    })),
  );
  return { verdict: await told.getAttribute('data-verdict'), merges };
}
