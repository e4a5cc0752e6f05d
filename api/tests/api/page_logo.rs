//! The logo on top of the page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use serde_json::json;

use plimsoll_domain::ids::TenantId;
use plimsoll_domain::page::{Logo, LogoKind, LogoRef};

use crate::common::{World, request};
use crate::page::{PAGE, world};

const LOGO: &str = "/tenants/acme/page/logo";
const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"32\" height=\"16\"><script>alert(1)</script>\
                   <rect width=\"32\" height=\"16\"/></svg>";

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}

async fn kept(world: &World) -> Option<Logo> {
    let tenant: TenantId = "acme".parse().expect("slug");
    world.store.logo(&tenant).await.expect("a store")
}

#[tokio::test]
async fn a_logo_is_known_by_its_bytes_replaced_and_removed() {
    let (world, admin) = world().await;
    world.put(&admin, PAGE, json!({"title": "Acme"})).await.expect(200);
    let put = world.put_bytes(&admin, LOGO, png(64, 32)).await.expect(200);
    assert_eq!((&put.body["kind"], &put.body["width"], &put.body["height"]), (&json!("png"), &json!(64), &json!(32)));
    let read = world.get(&admin, PAGE).await.expect(200);
    assert_eq!((&read.body["logo"], read.header("etag")), (&put.body, put.header("etag")));
    assert_eq!(read.body["title"], "Acme", "the rest stays");
    // It says that it is a PNG, and is not believed.
    let drawn = world.put_bytes(&admin, LOGO, SVG).await.expect(200);
    assert_eq!((&drawn.body["kind"], &drawn.body["width"]), (&json!("svg"), &json!(32)));
    let logo = kept(&world).await.expect("a logo");
    let text = String::from_utf8(logo.bytes).expect("UTF-8");
    assert!(text.contains("<rect") && !text.contains("alert"), "{text}");
    assert_eq!(json!(logo.about.hash), drawn.body["hash"]);
    world.put(&admin, PAGE, json!({})).await.expect(200);
    assert_eq!(world.get(&admin, PAGE).await.expect(200).body["logo"], drawn.body, "a PUT of the page keeps its logo");
    world.delete(&admin, LOGO).await.expect(204);
    assert_eq!(world.get(&admin, PAGE).await.expect(200).body["logo"], json!(null));
    assert!(kept(&world).await.is_none());
    world.delete(&admin, LOGO).await.problem(404);
}

#[tokio::test]
async fn what_is_no_picture_or_too_large_is_refused_and_the_old_one_stays() {
    let (world, admin) = world().await;
    let first = world.put_bytes(&admin, LOGO, png(1, 1)).await.expect(200);
    let away = SVG.replace("<rect ", "<rect fill=\"url(/other.svg#a)\" ");
    for wrong in [Vec::new(), b"GIF89a\x01\0\x01\0\0\0\0".to_vec(), b"text".to_vec(), png(4_097, 1), away.into_bytes()]
    {
        assert_eq!(world.put_bytes(&admin, LOGO, wrong).await.problem(422), [""]);
    }
    let mut large = png(1, 1);
    large.resize(256 * 1_024, 0);
    world.put_bytes(&admin, LOGO, large.clone()).await.expect(200);
    large.push(0);
    world.put_bytes(&admin, LOGO, large).await.problem(413);
    world.put_bytes(&admin, LOGO, png(1, 1)).await.expect(200);
    assert_eq!(world.get(&admin, PAGE).await.expect(200).body["logo"], first.body);
}

#[tokio::test]
async fn a_logo_is_its_own_admins() {
    let (world, admin) = world().await;
    let stranger = world.tenant("other").await;
    let operator = world.key(&admin, "acme", "operator").await;
    for (key, status) in [(&stranger, 404), (&operator, 403)] {
        world.put_bytes(key, LOGO, png(1, 1)).await.problem(status);
        world.send(request("DELETE", key, LOGO, Body::empty())).await.problem(status);
    }
}

#[tokio::test]
async fn of_two_logos_at_once_the_page_names_the_one_that_is_kept() {
    let bytes = png(2, 2);
    let about = LogoRef { kind: LogoKind::Png, hash: LogoRef::hash_of(&bytes), width: 2, height: 2 };
    let late = Logo { tenant: "acme".parse().expect("slug"), about, bytes };
    let (of_others, is_due) = (late.clone(), Arc::new(AtomicBool::new(false)));
    let due = Arc::clone(&is_due);
    let world = World::altered(move |parts| {
        let store = Arc::clone(&parts.store);
        // Somebody else's bytes come just when the page has named ours, and they had named theirs before.
        parts.changed = Arc::new(move || {
            if due.swap(false, Ordering::Relaxed) {
                let (store, logo) = (Arc::clone(&store), of_others.clone());
                let putting = std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    runtime.expect("a runtime").block_on(async { store.put_logo(&logo).await }).expect("a store");
                });
                putting.join().expect("no panic");
            }
        });
    });
    let world = world.await;
    let admin = world.tenant("acme").await;
    is_due.store(true, Ordering::Relaxed);
    world.put_bytes(&admin, LOGO, png(1, 1)).await.expect(200);
    assert!(!is_due.load(Ordering::Relaxed));
    let named = world.get(&admin, PAGE).await.expect(200).body["logo"]["hash"].clone();
    assert_eq!((kept(&world).await, named), (Some(late.clone()), json!(late.about.hash)));
    is_due.store(true, Ordering::Relaxed);
    world.delete(&admin, LOGO).await.expect(204);
    let named = world.get(&admin, PAGE).await.expect(200).body["logo"].clone();
    assert_eq!((kept(&world).await.map(|logo| json!(logo.about.hash)), named), (None, json!(null)));
}
