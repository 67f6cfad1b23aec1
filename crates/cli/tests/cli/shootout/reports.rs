//! Reports, as the gateway writes them.

/// The reference, one that is different, and one that is equivalent, with what would steer a terminal or a document; and one that failed.
pub(super) const DIFFERENT: &str = r#"{
"request":{"method":"GET","path":"/tasks?a=<b>"},"runs":{"asked":50,"warmup":1,"done":49},
"backends":[
{"backend":"cf-d1","location":"cloud","name":"D1","answers":{"total":49,"failed":0,"statuses":{"200":47,"500":2}},"status":200,
 "content_type":"application/json","size":20480,"sha256":"bb",
 "times":{"first_byte_ms":{"min":3.0,"median":4.0,"p95":6.0},"total_ms":{"min":4.5,"median":5.0,"p95":10.0},"approximate":true},
 "equality":"different","reason":null,"words":"differs in 5 places","differences":[
 {"path":"status","kind":"status","reference":"200","this":"500"},
 {"path":"cache-control","kind":"header","reference":"no-store","this":null},
 {"path":"/0/id","kind":"generated","reference":"\"5e4a\"","this":"\"77aa\""},
 {"path":"/0/title","kind":"value","reference":"\"Buy \ud83e\udd5b\"","this":"\"\\u001b[31mred\""},
 {"path":"/0/done","kind":"missing","reference":"false","this":null},
 {"path":"/3","kind":"extra","reference":null,"this":"{\"id\":2}"}],
 "differences_complete":false,"patch":[{"op":"replace","path":"/0/title","value":"\u001b[31mred"},{"op":"remove","path":"/0/done"},
 {"op":"move","from":"/1","path":"/2"},{"op":"add","path":"/3","value":{"id":2}}],"patch_complete":false,"error":null},
{"backend":"bun-sqlite","location":"local","name":"Bun","answers":{"total":49,"failed":0,"statuses":{"200":49}},"status":200,
 "content_type":"application/json","size":180,"sha256":"aa",
 "times":{"first_byte_ms":{"min":1.0,"median":1.21,"p95":2.0},"total_ms":{"min":1.1,"median":2.0,"p95":2.5},"approximate":false},
 "equality":"reference","reason":null,"words":"reference","differences":[],"differences_complete":true,"patch":null,"patch_complete":null,
 "error":null},
{"backend":"php-laravel","location":"local","name":"Laravel","answers":{"total":49,"failed":2,"statuses":{"200":47}},"status":200,
 "content_type":"application/json","size":180,"sha256":"cc",
 "times":{"first_byte_ms":{"min":1.0,"median":1.0,"p95":2.0},"total_ms":{"min":1.1,"median":200.0,"p95":210.0},"approximate":false},
 "equality":"equivalent","reason":null,"words":"equal but for 1 generated id","differences":[
 {"path":"/0/id","kind":"generated","reference":"\"5e4a\"","this":"\"88bb\""}],
 "differences_complete":true,"patch":[],"patch_complete":true,
 "error":{"status":504,"error":"Gateway Timeout","message":"Backend did not respond within 30s","backend":"php-laravel","reason":"timeout"}},
{"backend":"ruby-rails","location":"local","name":"Rails","answers":{"total":49,"failed":49,"statuses":{}},"status":null,
 "content_type":null,"size":null,"sha256":null,"times":null,"equality":null,"reason":null,"words":"no answer","differences":[],
 "differences_complete":true,"patch":null,"patch_complete":null,
 "error":{"status":503,"error":"Backend Unavailable","message":"refused, \"<really>\"","reason":"connection refused"}}],
"skipped":[{"backend":"go-gin","location":"local","reason":"unhealthy"}],
"verdict":{"agree":false,"disagree":["cf-d1@cloud"],"failed":["php-laravel@local","ruby-rails@local"],
 "fastest":{"backend":"bun-sqlite","location":"local","over":"cf-d1@cloud","ratio":2.5,"low":2.1,"high":2.9,"confidence":0.95},"why":null,
 "words":["cf-d1 differs","php-laravel and ruby-rails failed","bun-sqlite is 2.5 times as fast as cf-d1 (2.1 to 2.9)"]}}"#;

/// From before there was a verdict.
pub(super) const OLDER: &str = r#"{"request":{"method":"GET","path":"/"},"runs":{"asked":1,"done":1},"backends":[
{"backend":"a","location":"local","status":200,"size":2,"sha256":"aa","first_byte_ms":0.5,"total_ms":1.0,"answered":1},
{"backend":"b","location":"local","status":200,"size":2,"sha256":"aa","first_byte_ms":0.5,"total_ms":1.5,"answered":1,"body":"same"}],
"summary":{"fastest":"a@local","agree":true,"disagree":[],"failed":[]}}"#;

/// A report of these rows; `verdict` are the members of the verdict.
pub(super) fn report(rows: &[String], verdict: &str) -> String {
    format!(
        r#"{{"request":{{"method":"GET","path":"/"}},"runs":{{"asked":1,"done":1}},"backends":[{}],"verdict":{{{verdict}}}}}"#,
        rows.join(",")
    )
}

/// A row that answered 200 after 1.5 ms, without words; `more` are further members, each after a comma.
pub(super) fn row(backend: &str, equality: &str, more: &str) -> String {
    format!(
        r#"{{"backend":"{backend}","location":"local","answers":{{"total":1,"failed":0,"statuses":{{"200":1}}}},"status":200,"size":2,"times":{{"first_byte_ms":{{"min":0.5,"median":0.5,"p95":0.5}},"total_ms":{{"min":1.0,"median":1.5,"p95":2.0}}}},"equality":"{equality}"{more}}}"#
    )
}
