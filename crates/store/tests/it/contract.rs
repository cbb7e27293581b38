//! What every database must do. A database plugs in with a [`crate::world::Database`] and
//! [`contract_suite`].

pub(crate) mod allowances;
pub(crate) mod audit;
pub(crate) mod organizations;
pub(crate) mod outbox;
pub(crate) mod sessions;
pub(crate) mod trust;
pub(crate) mod webhooks;

/// Runs the whole suite over databases that `$make` makes, if it can.
macro_rules! contract_suite {
    ($make:path) => {
        crate::contract::contract_suite! { @areas $make;
            organizations: organizations_and_keys_round_trip, keys_are_found_by_hash_and_revoked_for_good,
                what_they_look_like_round_trips;
            sessions: every_state_round_trips,
            a_user_code_leads_to_an_offered_attempt_and_to_no_other,
            which_browser_may_come_back_is_forgotten_in_time, fifty_parallel_mints_make_one_attempt,
                parallel_hellos_have_one_winner, a_failed_unit_leaves_its_neighbours_alone,
                expiry_is_kept_though_the_unit_refuses, due_sessions_end_together, lists_agree_with_lazy_expiry,
                lists_come_in_pages, what_does_not_exist_is_named,
                a_unit_cannot_rewrite_what_is_fixed, only_changes_wake_and_only_once;
            outbox: each_endpoint_gets_what_it_can_take, no_two_workers_hold_one_delivery,
                an_endpoint_gets_no_more_than_its_share, a_lease_runs_out, retries_follow_the_schedule_to_the_end,
                a_success_ends_the_delivery, a_disabled_endpoint_has_no_url,
                events_are_listed_without_claims, nothing_of_a_refused_unit_is_told;
            webhooks: endpoints_round_trip_and_stay_in_their_organization,
                an_organization_has_a_bounded_number_of_endpoints, one_key_is_active_at_most, deleting_an_endpoint_takes_its_deliveries;
            allowances: servers_draw_from_one_allowance;
            audit: a_verification_is_told_in_order, every_operator_and_relying_party_is_told_of,
                what_changes_nothing_is_not_told, units_side_by_side_make_one_chain;
            trust: imports_count_and_begin_generations, an_item_stays_until_its_last_source_withdraws_it,
                an_update_for_another_generation_is_refused;
        }
    };
    (@areas $make:path; $($area:ident: $($test:ident),+;)+) => {
        $(mod $area {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                if let Some(database) = $make().await {
                    crate::contract::$area::$test(&database).await;
                }
            })+
        })+
    };
}
pub(crate) use contract_suite;
