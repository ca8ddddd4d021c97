//! One page: what a person does to it, and what can be seen on it.

use super::chromium::Chromium;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub const CONTROL: u32 = 2;
pub const SHIFT: u32 = 8;

pub struct Page {
    chromium: &'static Chromium,
    context: String,
    session: String,
    address: String,
    /// Whether a refused request is part of the test; the browser's console mentions each.
    refusals: bool,
}

impl Page {
    /// Opens an address in a profile of its own, in a window of 1280 × 800, on a system that prefers light colours.
    pub fn open(chromium: &'static Chromium, address: &str) -> Page {
        let context = chromium.call(None, "Target.createBrowserContext", json!({}));
        let context = context["browserContextId"].as_str().unwrap().to_string();
        let target = json!({"url": "about:blank", "browserContextId": context});
        let target = chromium.call(None, "Target.createTarget", target)["targetId"].clone();
        let attach = json!({"targetId": target, "flatten": true});
        let session = chromium.call(None, "Target.attachToTarget", attach)["sessionId"].clone();
        let page = Page {
            chromium,
            context,
            session: session.as_str().unwrap().to_string(),
            address: address.to_string(),
            refusals: false,
        };
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.size(1280, 800);
        page.prefer("light");
        // Tests run side by side in one browser; each page has to believe that it is in front.
        page.call(
            "Emulation.setFocusEmulationEnabled",
            json!({"enabled": true}),
        );
        page.load();
        page
    }

    /// This test makes the server refuse something.
    pub fn expecting_refusals(mut self) -> Page {
        self.refusals = true;
        self
    }

    pub fn call(&self, method: &str, params: Value) -> Value {
        self.chromium.call(Some(&self.session), method, params)
    }

    pub fn load(&self) {
        self.call("Page.navigate", json!({"url": self.address}));
        // The page's last act is to ask for the model, and then it is ready.
        self.until("document.readyState === 'complete'");
        self.until("document.querySelector('#model').textContent !== 'Connecting…'");
    }

    // ---- what a person does ----

    pub fn size(&self, width: u32, height: u32) {
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// A phone held upright, 390 × 844, with a finger, which cannot hover, in the place of a mouse.
    pub fn phone(&self) {
        let size = json!({"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let touch = json!({"enabled": true, "maxTouchPoints": 5});
        self.call("Emulation.setTouchEmulationEnabled", touch);
    }

    /// The system's colour scheme.
    pub fn prefer(&self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", json!({"features": [feature]}));
    }

    pub fn type_text(&self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    pub fn press(&self, key: &str) {
        self.press_with(key, 0);
    }

    pub fn press_with(&self, key: &str, modifiers: u32) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowRight" => 39,
            "Delete" => 46,
            one => u32::from(one.to_uppercase().as_bytes()[0]),
        };
        let mut event = json!({"type": "keyDown", "key": key, "code": key,
            "windowsVirtualKeyCode": code, "modifiers": modifiers});
        if key == "Enter" {
            event["text"] = "\r".into();
        }
        self.call("Input.dispatchKeyEvent", event.clone());
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", event);
    }

    /// Moves the mouse over the first element that matches.
    pub fn point_at(&self, selector: &str) -> (f64, f64) {
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({0}); if (!e) throw new Error('no ' + {0});
               e.scrollIntoView({{ block: 'nearest' }}); const r = e.getClientRects()[0];
               if (!r) throw new Error('not visible: ' + {0}); return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
            json!(selector)
        ));
        let (x, y) = (place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
        self.mouse("mouseMoved", x, y);
        (x, y)
    }

    /// Points at the first element that matches until an expression is true: from under a mouse that comes while the page is still
    /// scrolling, the element slips away.
    pub fn point_until(&self, selector: &str, expression: &str) {
        for _ in 0..40 {
            self.point_at(selector);
            let pointed = Instant::now();
            while pointed.elapsed() < Duration::from_millis(500) {
                if self.is_true(&format!("Boolean({expression})")) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            self.mouse("mouseMoved", 0.0, 0.0);
        }
        panic!("pointing at {selector} never made this true: {expression}");
    }

    pub fn click(&self, selector: &str) {
        let (x, y) = self.point_at(selector);
        self.mouse("mousePressed", x, y);
        self.mouse("mouseReleased", x, y);
    }

    fn mouse(&self, kind: &str, x: f64, y: f64) {
        let (button, clicks) = if kind == "mouseMoved" {
            ("none", 0)
        } else {
            ("left", 1)
        };
        let event = json!({"type": kind, "x": x, "y": y, "button": button, "clickCount": clicks});
        self.call("Input.dispatchMouseEvent", event);
    }

    /// Types a question, sends it with Enter and waits for the end of the reply.
    pub fn ask(&self, question: &str) {
        self.start_asking(question);
        self.until("document.querySelector('#stop').hidden");
    }

    /// Types a question and sends it.
    pub fn start_asking(&self, question: &str) {
        self.click("#question");
        self.type_text(question);
        self.press("Enter");
        self.until("document.querySelector('#question').value === ''");
    }

    // ---- what can be seen ----

    /// The value of a JavaScript expression.
    pub fn value(&self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", params);
        assert!(
            result["exceptionDetails"].is_null(),
            "{expression}: {}",
            result["exceptionDetails"]
        );
        result["result"]["value"].clone()
    }

    pub fn is_true(&self, expression: &str) -> bool {
        self.value(expression) == Value::Bool(true)
    }

    pub fn string(&self, expression: &str) -> String {
        match self.value(expression) {
            Value::String(text) => text,
            other => panic!("{expression} is {other}"),
        }
    }

    /// The text of the first element that matches.
    pub fn text(&self, selector: &str) -> String {
        self.string(&format!(
            "document.querySelector({}).textContent",
            json!(selector)
        ))
    }

    /// The texts of all elements that match.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let texts = self.value(&format!(
            "[...document.querySelectorAll({})].map((e) => e.textContent)",
            json!(selector)
        ));
        serde_json::from_value(texts).unwrap()
    }

    pub fn count(&self, selector: &str) -> usize {
        self.texts(selector).len()
    }

    /// Waits until an expression is true.
    pub fn until(&self, expression: &str) {
        let started = Instant::now();
        while !self.is_true(&format!("Boolean({expression})")) {
            if started.elapsed() > Duration::from_secs(60) {
                panic!(
                    "never became true: {expression}\nthe page says: {}",
                    self.value("document.body.innerText")
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What sticks out of the window to the right or to the left, or does not fit into it as a whole.
    pub fn sticking_out(&self) -> Value {
        self.value(
            "[document.documentElement, ...document.querySelectorAll('main, main *, dialog[open], dialog[open] *, #evidence')]
               .filter((e) => e.checkVisibility() && !e.closest('pre, .unseen') &&
                 (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1 ||
                   (e === document.documentElement && e.scrollWidth > innerWidth)))
               .map((e) => e.outerHTML.slice(0, 90))",
        )
    }

    /// Saves what is seen now as NAME.png in the folder NANOCRAB_SCREENSHOTS, for people to look at; without that
    /// variable nothing happens.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("NANOCRAB_SCREENSHOTS") else {
            return;
        };
        let picture = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let png = BASE64_STANDARD
            .decode(picture["data"].as_str().expect("a picture"))
            .expect("base64");
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).expect("NANOCRAB_SCREENSHOTS is a folder");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("written");
    }

    /// The messages of all turns as the page shows them: question, reply, question, …
    pub fn conversation(&self) -> Vec<String> {
        self.texts("#log .bubble, #log .reply [data-form]")
    }

    // ---- what must never be seen ----

    /// No error in the console, no exception, no breach of the policy, and no request to anyone but the page's server.
    fn check(&self) {
        let events = self.chromium.events(&self.session);
        for event in &events {
            let params = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.exceptionThrown" => panic!("an exception in the page: {params}"),
                "Runtime.consoleAPICalled" if params["type"] == "error" => {
                    panic!("an error in the console: {params}")
                }
                "Log.entryAdded" if params["entry"]["level"] == "error" => {
                    let refused = params["entry"]["source"] == "network" && self.refusals;
                    assert!(refused, "an error in the console: {params}");
                }
                "Network.requestWillBeSent" => {
                    let url = params["request"]["url"].as_str().unwrap();
                    let own = url.starts_with(&self.address) || url.starts_with("data:");
                    assert!(own, "the page asked for {url}");
                }
                _ => {}
            }
        }
        let sent = |event: &&Value| event["method"] == "Network.requestWillBeSent";
        assert!(
            events.iter().filter(sent).count() >= 2,
            "the page and the model were asked for"
        );
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check();
            let context = json!({"browserContextId": self.context});
            self.chromium
                .call(None, "Target.disposeBrowserContext", context);
        }
    }
}
