// dynamics-web-api against the simulated Dataverse (contract dynamics365 7).
'use strict';

const assert = require('node:assert/strict');
const { DynamicsWebApi } = require('dynamics-web-api');
const { check, script, refusal, control, journal } = require('../checks.js');

const origin = process.env.FIDELITY_DATAVERSE;
const collection = 'opportunities';
const nothing = '6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77';

async function token(secret = 'sim-dataverse-secret') {
  const form = { grant_type: 'client_credentials', client_id: 'sim-dataverse-client', client_secret: secret, scope: `${origin}/.default` };
  const url = `${process.env.FIDELITY_ENTRA}/sim-tenant/oauth2/v2.0/token`;
  const answer = await (await fetch(url, { method: 'POST', body: new URLSearchParams(form) })).json();
  if (answer.error) throw new Error(answer.error);
  return answer.access_token;
}

function service(onTokenRefresh) {
  return new DynamicsWebApi({ serverUrl: `${origin}/`, dataApi: { version: '9.2' }, onTokenRefresh });
}

const is = (error, status, code) => assert.deepEqual([error.status, error.code], [status, code], error.message);

script(async () => {
  const bearer = await token();
  const dynamics = service(async () => bearer);
  await identity(dynamics);
  const account = await records(dynamics);
  await conditions(dynamics);
  await keys(dynamics);
  await queries(dynamics, account);
  await changes(dynamics);
  await closing(dynamics);
  await metadata(dynamics);
  await refusals(dynamics);
});

async function identity(dynamics) {
  await check('says who it is', async () => {
    const me = await dynamics.callFunction('WhoAmI');
    assert.match(me.UserId, /^[0-9a-f-]{36}$/);
  });
  await check('is refused with a token that nobody gave out (401)', async () => {
    const error = await refusal(() => service(async () => 'made-up').callFunction('WhoAmI'));
    assert.equal(error.status, 401);
  });
}

async function records(dynamics) {
  const account = await dynamics.create({ collection: 'accounts', data: { name: 'Fabrikam', address1_country: 'NL' } });
  let id;
  await check('creates and reads an opportunity with its customer', async () => {
    const data = {
      name: 'Fabrikam – migration wave 2',
      estimatedvalue: 250000,
      estimatedclosedate: '2026-11-30',
      'customerid_account@odata.bind': `/accounts(${account})`,
      nwcs_referralid: 'ref-0',
    };
    id = await dynamics.create({ collection, data });
    assert.match(id, /^[0-9a-f-]{36}$/);
    const expand = [{ property: 'customerid_account', select: ['name', 'address1_country'] }];
    const row = await dynamics.retrieve({ collection, key: id, select: ['name', 'estimatedvalue', '_customerid_value'], expand });
    assert.deepEqual([row.name, row.estimatedvalue, row._customerid_value], [data.name, 250000, account]);
    assert.equal(row.customerid_account.address1_country, 'NL');
  });
  await check('gets the made row back when it asks for it (201)', async () => {
    const row = await dynamics.create({ collection, data: { name: 'Whole' }, returnRepresentation: true, select: ['name', 'statecode'] });
    assert.deepEqual([row.name, row.statecode], ['Whole', 0]);
    assert.match(row['@odata.etag'], /^W\/"\d+"$/);
  });
  await check('reads annotations', async () => {
    const row = await dynamics.retrieve({ collection, key: id, select: ['statecode', '_customerid_value'], includeAnnotations: '*' });
    assert.equal(row['statecode@OData.Community.Display.V1.FormattedValue'], 'Open');
    assert.equal(row['_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname'], 'account');
  });
  await check('updates, and clears a column and a lookup', async () => {
    const data = { description: null, estimatedvalue: 275000, 'customerid_account@odata.bind': null };
    assert.equal(await dynamics.update({ collection, key: id, data }), true);
    const row = await dynamics.retrieve({ collection, key: id, select: ['estimatedvalue', '_customerid_value'] });
    assert.deepEqual([row.estimatedvalue, row._customerid_value], [275000, null]);
  });
  await check('deletes; then it is gone (404 0x80040217)', async () => {
    assert.equal(await dynamics.deleteRecord({ collection, key: id }), true);
    is(await refusal(() => dynamics.retrieve({ collection, key: id })), 404, '0x80040217');
  });
  return account;
}

async function conditions(dynamics) {
  const made = { collection, data: { name: 'Guarded' }, returnRepresentation: true };
  await check('updates only the version it read (412 as false)', async () => {
    const row = await dynamics.create(made);
    const change = (ifmatch) => dynamics.update({ collection, key: row.opportunityid, data: { description: 'x' }, ifmatch });
    assert.equal(await change(row['@odata.etag']), true);
    assert.equal(await change(row['@odata.etag']), false);
    const answers = (await journal('dataverse')).filter((entry) => entry.method === 'PATCH').slice(-2);
    assert.deepEqual(answers.map((entry) => entry.status), [204, 412]);
  });
  await check('deletes only the version it read', async () => {
    const row = await dynamics.create(made);
    const remove = (ifmatch) => dynamics.deleteRecord({ collection, key: row.opportunityid, ifmatch });
    assert.equal(await remove('W/"1"'), false);
    assert.equal(await remove(row['@odata.etag']), true);
  });
  await check('is sent nothing when nothing changed (304)', async () => {
    const row = await dynamics.create(made);
    const again = await dynamics.retrieve({ collection, key: row.opportunityid, ifnonematch: row['@odata.etag'] });
    assert.deepEqual([again, (await journal('dataverse')).at(-1).status], [undefined, 304]);
  });
  await check('does not make a row by an update (If-Match: *)', async () => {
    is(await refusal(() => dynamics.update({ collection, key: nothing, data: { name: 'x' } })), 404, '0x80040217');
  });
  await check('makes one by an upsert', async () => {
    await dynamics.upsert({ collection, key: nothing, data: { name: 'Made' } });
    assert.equal((await dynamics.retrieve({ collection, key: nothing, select: ['name'] })).name, 'Made');
    assert.equal(await dynamics.upsert({ collection, key: nothing, data: { name: 'Not again' }, ifnonematch: '*' }), null);
    assert.equal((await dynamics.retrieve({ collection, key: nothing, select: ['name'] })).name, 'Made');
  });
}

async function keys(dynamics) {
  const key = "nwcs_referralid='ref-1'";
  const upsert = (data) => dynamics.upsert({ collection, key, data, returnRepresentation: true, select: ['opportunityid', 'name'] });
  const statuses = async () => (await journal('dataverse')).filter((entry) => entry.method === 'PATCH').map((entry) => entry.status);
  await check('upserts by alternate key: created (201), then updated (200)', async () => {
    const first = await upsert({ name: 'First' });
    const second = await upsert({ name: 'Second' });
    assert.deepEqual([second.opportunityid, second.name], [first.opportunityid, 'Second']);
    assert.deepEqual((await statuses()).slice(-2), [201, 200]);
  });
  await check('reads and updates by alternate key', async () => {
    await dynamics.update({ collection, key, data: { description: 'by key' } });
    assert.equal((await dynamics.retrieve({ collection, key, select: ['description'] })).description, 'by key');
  });
  await check('makes nothing by alternate key with If-None-Match: * (404)', async () => {
    const made = { collection, key: "nwcs_referralid='ref-2'", data: { name: 'x' }, ifnonematch: '*' };
    is(await refusal(() => dynamics.upsert(made)), 404, '0x80060891');
    is(await refusal(() => dynamics.retrieve({ collection, key: "nwcs_referralid='ref-2'" })), 404, '0x80060891');
  });
  await check('is told that the key is taken (412 0x80060892)', async () => {
    is(await refusal(() => dynamics.create({ collection, data: { name: 'x', nwcs_referralid: 'ref-1' } })), 412, '0x80060892');
  });
}

async function queries(dynamics, account) {
  for (let n = 1; n <= 5; n += 1) {
    await dynamics.create({ collection, data: { name: `Load ${n}`, 'customerid_account@odata.bind': `/accounts(${account})` } });
  }
  const load = { collection, select: ['name'], filter: "startswith(name,'Load')", orderBy: ['name asc', 'opportunityid asc'] };
  await check('reads three pages by following the addresses', async () => {
    const sizes = [];
    let page = await dynamics.retrieveMultiple({ ...load, maxPageSize: 2 });
    for (; page.oDataNextLink; page = await dynamics.retrieveMultiple({ ...load, maxPageSize: 2 }, page.oDataNextLink)) sizes.push(page.value.length);
    sizes.push(page.value.length);
    assert.deepEqual(sizes, [2, 2, 1]);
  });
  await check('reads all pages by itself', async () => {
    const all = await dynamics.retrieveAll({ ...load, maxPageSize: 2 });
    assert.deepEqual(all.value.map((row) => row.name.at(-1)), ['1', '2', '3', '4', '5']);
  });
  await check('counts', async () => {
    assert.equal((await dynamics.retrieveMultiple({ ...load, count: true, top: 1 })).oDataCount, 5);
    assert.equal(await dynamics.count({ collection, filter: "startswith(name,'Load')" }), 5);
  });
  await check('filters by lookup, by state, by moment and by a name with an apostrophe', async () => {
    await dynamics.create({ collection, data: { name: "O'Neill & Söhne #1 +" } });
    const count = async (filter) => (await dynamics.retrieveMultiple({ collection, select: ['name'], filter })).value.length;
    assert.equal(await count(`_customerid_value eq ${account} and statecode eq 0`), 5);
    assert.equal(await count("customerid_account/name eq 'fabrikam'"), 5);
    assert.equal(await count("name eq 'O''Neill & Söhne #1 +'"), 1);
    assert.equal(await count('modifiedon lt 2020-01-01T00:00:00Z'), 0);
    assert.equal(await count("Microsoft.Dynamics.CRM.In(PropertyName='statuscode',PropertyValues=[\"2\",\"3\"])"), 0);
  });
  await check('expands the customer of each row', async () => {
    const expand = [{ property: 'customerid_account', select: ['name'] }, { property: 'customerid_contact', select: ['fullname'] }];
    const rows = (await dynamics.retrieveMultiple({ ...load, expand })).value;
    assert.deepEqual([rows[0].customerid_account.name, rows[0].customerid_contact], ['Fabrikam', null]);
  });
}

async function changes(dynamics) {
  const tracked = { collection: 'leads', select: ['subject'], trackChanges: true };
  const delta = async (link) => (await dynamics.retrieveMultiple(tracked, link));
  await check('follows changes and deletions', async () => {
    const [one, two] = [await dynamics.create({ collection: 'leads', data: { subject: 'One' } }), await dynamics.create({ collection: 'leads', data: { subject: 'Two' } })];
    const first = await dynamics.retrieveMultiple(tracked);
    assert.equal(first.value.length, 2);
    await dynamics.update({ collection: 'leads', key: one, data: { subject: 'One again' } });
    await dynamics.deleteRecord({ collection: 'leads', key: two });
    const next = await delta(first.oDataDeltaLink);
    assert.deepEqual(next.value.map((row) => [row.subject, row.reason, row.id ?? row.leadid]), [['One again', undefined, one], [undefined, 'deleted', two]]);
    assert.deepEqual((await delta(next.oDataDeltaLink)).value, []);
  });
  await check('follows changes over several pages', async () => {
    for (const subject of ['A', 'B', 'C']) await dynamics.create({ collection: 'leads', data: { subject } });
    const paged = { ...tracked, maxPageSize: 2 };
    const first = await dynamics.retrieveMultiple(paged);
    assert.deepEqual([first.value.length, first.oDataDeltaLink], [2, undefined]);
    const last = await dynamics.retrieveMultiple(paged, first.oDataNextLink);
    assert.equal(last.value.length, 2);
    assert.ok(last.oDataDeltaLink);
  });
  await check('is told that the token is too old (0x80044352)', async () => {
    const first = await dynamics.retrieveMultiple(tracked);
    await control('POST', 'dataverse/delta/expire');
    assert.equal((await refusal(() => delta(first.oDataDeltaLink))).code, '0x80044352');
  });
  await check('is refused a filter on changes', async () => {
    const error = await refusal(() => dynamics.retrieveMultiple({ ...tracked, filter: "subject eq 'A'" }));
    assert.equal(error.status, 400);
  });
}

async function closing(dynamics) {
  const close = (actionName, Status, key, more) =>
    dynamics.callAction({ actionName, action: { Status, OpportunityClose: { subject: 'Closed', 'opportunityid@odata.bind': `/opportunities(${key})`, ...more } } });
  const state = (key) => dynamics.retrieve({ collection, key, select: ['statecode', 'statuscode', 'actualvalue'] });
  await check('wins, is told that it is won already, reopens and loses', async () => {
    const key = await dynamics.create({ collection, data: { name: 'To win', estimatedvalue: 100 } });
    await close('WinOpportunity', 3, key, { actualrevenue: 118500 });
    let row = await state(key);
    assert.deepEqual([row.statecode, row.statuscode, row.actualvalue], [1, 3, 118500]);
    assert.equal((await refusal(() => close('WinOpportunity', 3, key))).code, '0x80040515');
    await dynamics.update({ collection, key, data: { statecode: 0, statuscode: 1 } });
    await close('LoseOpportunity', 5, key);
    row = await state(key);
    assert.deepEqual([row.statecode, row.statuscode], [2, 5]);
  });
  await check('is refused to win by an update (0x80100005)', async () => {
    const key = await dynamics.create({ collection, data: { name: 'Not so' } });
    assert.equal((await refusal(() => dynamics.update({ collection, key, data: { statecode: 1, statuscode: 3 } }))).code, '0x80100005');
  });
  await check('qualifies a lead by a bound action', async () => {
    const key = await dynamics.create({ collection: 'leads', data: { subject: 'Q', lastname: 'Lind', companyname: 'Litware' } });
    const action = { CreateAccount: true, CreateContact: true, CreateOpportunity: true, Status: 3 };
    const made = await dynamics.callAction({ collection: 'leads', key, actionName: 'Microsoft.Dynamics.CRM.QualifyLead', action });
    const types = made.value.map((row) => row['@odata.type'].split('.').at(-1));
    assert.deepEqual(types.sort(), ['account', 'contact', 'opportunity']);
  });
}

async function metadata(dynamics) {
  const table = "LogicalName='opportunity'";
  await check('reads a table and its columns', async () => {
    const found = await dynamics.retrieveEntity({ key: table, select: ['EntitySetName', 'ChangeTrackingEnabled', 'MetadataId'] });
    assert.deepEqual([found.EntitySetName, found.ChangeTrackingEnabled], ['opportunities', true]);
    const { value } = await dynamics.retrieveAttributes({ entityKey: table, select: ['LogicalName'], filter: "SchemaName eq 'nwcs_ReferralId'" });
    assert.deepEqual(value.map((column) => column.LogicalName), ['nwcs_referralid']);
  });
  await check('reads the values of a choice', async () => {
    const column = await dynamics.retrieveAttribute({
      entityKey: table,
      attributeKey: "LogicalName='nwcs_howcanmicrosofthelp'",
      castType: 'Microsoft.Dynamics.CRM.PicklistAttributeMetadata',
      select: ['LogicalName'],
      expand: [{ property: 'OptionSet', select: ['Options'] }],
    });
    assert.deepEqual([column.OptionSet.Options.length, column.OptionSet.Options[0].Value], [6, 412000000]);
  });
  await check('adds a column, and has it at once', async () => {
    const label = { LocalizedLabels: [{ Label: 'Extra', LanguageCode: 1033 }] };
    const data = { '@odata.type': 'Microsoft.Dynamics.CRM.StringAttributeMetadata', SchemaName: 'nwcs_Extra', DisplayName: label, RequiredLevel: { Value: 'None' }, MaxLength: 40, FormatName: { Value: 'Text' } };
    const id = await dynamics.createAttribute({ entityKey: table, data });
    assert.match(id, /^[0-9a-f-]{36}$/);
    const key = await dynamics.create({ collection, data: { name: 'With extra', nwcs_extra: 'yes' } });
    assert.equal((await dynamics.retrieve({ collection, key, select: ['nwcs_extra'] })).nwcs_extra, 'yes');
    assert.equal((await refusal(() => dynamics.createAttribute({ entityKey: table, data }))).status, 400);
  });
  await check('is told that a column does not exist (404)', async () => {
    const error = await refusal(() => dynamics.retrieveAttribute({ entityKey: table, attributeKey: "LogicalName='nwcs_nope'" }));
    assert.equal(error.status, 404);
  });
}

async function refusals(dynamics) {
  const cases = [
    ['an unknown column', { nope: 1 }, 400, '0x80048d19'],
    ['a text too long', { name: 'x'.repeat(301) }, 400, '0x80044331'],
    ['a value outside of the list', { nwcs_howcanmicrosofthelp: 7 }, 400, '0x8004431A'],
    ['a lookup by its column', { _customerid_value: nothing }, 400, '0x80048d19'],
    ['a bind with the wrong capitals', { 'customerid_Account@odata.bind': `/accounts(${nothing})` }, 400, '0x80048d19'],
    ['a moment for a date', { estimatedclosedate: '2026-11-30T00:00:00Z' }, 400, '0x80048d19'],
  ];
  for (const [what, data, status, code] of cases) {
    await check(`is refused ${what}: ${code}`, async () => is(await refusal(() => dynamics.create({ collection, data: { name: 'x', ...data } })), status, code));
  }
  await check('is refused an unknown column in a query: 0x80060888', async () => {
    is(await refusal(() => dynamics.retrieveMultiple({ collection, select: ['nope'] })), 400, '0x80060888');
    is(await refusal(() => dynamics.retrieveMultiple({ collection, select: ['name'], filter: `customerid eq ${nothing}` })), 400, '0x80060888');
  });
  await check('is refused an unknown set: 404 0x80060888', async () => {
    is(await refusal(() => dynamics.retrieveMultiple({ collection: 'oportunities' })), 404, '0x80060888');
  });
  await check('is told how long to wait when it asks too much (429)', async () => {
    await control('POST', 'faults', { service: 'dataverse', action: { kind: 'status', status: 429, retry_after: 17, code: '0x80072322' } });
    const error = await refusal(() => dynamics.callFunction('WhoAmI'));
    is(error, 429, '0x80072322');
    assert.equal(error.headers['retry-after'], '17');
  });
  await check('is told that the application is no user of the environment (403)', async () => {
    await control('PUT', 'dataverse/switches', { not_a_member: true });
    const error = await refusal(() => dynamics.callFunction('WhoAmI'));
    await control('PUT', 'dataverse/switches', {});
    is(error, 403, '0x80072560');
  });
}
