//! One request to several backends, compared: what is asked, who takes part, the rounds and their time, the verdict. The backends are the test's own hand.

mod asked;
mod deadline;
mod equality;
mod log;
mod measuring;
mod real_backends;
mod rounds;
mod scene;
mod takes_part;
mod verdict;
