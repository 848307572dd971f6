//! A browser for tests of pages.

use std::collections::BTreeMap;

/// A browser without a script: it keeps cookies and follows nothing by itself.
pub struct Browser {
    agent: ureq::Agent,
    pub url: String,
    pub cookies: BTreeMap<String, String>,
}

pub struct Page {
    pub status: u16,
    pub to: String,
    pub policy: String,
    pub cookie: String,
    pub text: String,
}

impl Browser {
    pub fn new(url: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .new_agent();
        Self {
            agent,
            url: url.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    pub fn call(&mut self, method: &str, path: &str, body: &str, more: &[(&str, &str)]) -> Page {
        let cookies = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Cookie", cookies.collect::<Vec<_>>().join("; "));
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).unwrap();
        let mut response = self.agent.run(request).unwrap();
        let headers = response.headers().clone();
        let header = |name: &str| {
            let value = headers.get(name);
            value.map_or("", |value| value.to_str().unwrap()).to_owned()
        };
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Page {
            status: response.status().as_u16(),
            to: header("location"),
            policy: header("content-security-policy"),
            cookie: header("set-cookie"),
            text: response.body_mut().read_to_string().unwrap(),
        }
    }

    pub fn open(&mut self, path: &str) -> Page {
        self.call("GET", path, "", &[])
    }

    pub fn post(&mut self, path: &str, body: &str) -> Page {
        self.call(
            "POST",
            path,
            body,
            &[("Content-Type", "application/x-www-form-urlencoded")],
        )
    }

    pub fn sign_in(&mut self, name: &str, pin: &str) -> Page {
        self.post("/sign-in", &format!("name={name}&pin={pin}"))
    }

    /// The token of the forms of the session.
    pub fn token(&mut self) -> String {
        let page = self.open("/pin").text;
        let (_, rest) = page
            .split_once("name=token value=\"")
            .unwrap_or_else(|| panic!("{page}"));
        rest.split('"').next().unwrap().to_owned()
    }
}
