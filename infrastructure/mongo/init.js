// Run by `mongosh --nodb`: joins the members of MONGO_MEMBERS to the replica set rs0 and makes Plimsoll's user. What is there
// already is left as it is, so it may run at every start, and again after having been cut short.
const { MONGO_MEMBERS, MONGO_ROOT_PASSWORD, MONGO_PASSWORD } = process.env;
const members = MONGO_MEMBERS.split(",");
const root = { user: "root", pwd: MONGO_ROOT_PASSWORD };
const ALREADY_INITIALIZED = 23;

// Straight to the first member, whatever state the set is in.
const first = new Mongo(`mongodb://${members[0]}/?directConnection=true`).getDB("admin");
first.auth(root);
const set = { _id: "rs0", members: members.map((host, _id) => ({ _id, host, priority: _id === 0 ? 2 : 1 })) };
try {
    first.adminCommand({ replSetInitiate: set });
    print("the replica set was made");
} catch (error) {
    if (error.code !== ALREADY_INITIALIZED) throw error;
}

// To whichever is primary: the driver waits until one is.
const all = new Mongo(`mongodb://${members.join(",")}/?replicaSet=rs0&serverSelectionTimeoutMS=60000`);
all.getDB("admin").auth(root);
const plimsoll = all.getDB("plimsoll");
const roles = [{ role: "readWrite", db: "plimsoll" }, { role: "dbAdmin", db: "plimsoll" }];
if (plimsoll.getUser("plimsoll")) {
    // The password may have been changed in .env.
    plimsoll.updateUser("plimsoll", { pwd: MONGO_PASSWORD, roles });
} else {
    plimsoll.createUser({ user: "plimsoll", pwd: MONGO_PASSWORD, roles });
}
print("ready");
